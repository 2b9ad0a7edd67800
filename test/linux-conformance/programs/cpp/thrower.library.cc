// Throws out of a shared library.
#include <stdexcept>
#include <string>

extern "C" void throw_text(const char *text) { throw std::runtime_error(std::string("library: ") + text); }
extern "C" void call_back(void (*function)()) { function(); }
