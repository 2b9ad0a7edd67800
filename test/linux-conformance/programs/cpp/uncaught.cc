// An exception that nobody catches ends the program by SIGABRT with a message on standard error.
// variants: dynamic static
#include "../conformance.h"
#include <stdexcept>

int main() {
    say("before\n");
    throw std::runtime_error("nobody catches this");
}
