// Exceptions cross between a loaded library and the program, both ways.
// variants: dynamic
// libraries: thrower
#include "../conformance.h"
#include <dlfcn.h>
#include <stdexcept>

int main() {
    void *library = dlopen("libthrower.so", RTLD_NOW);
    must(library != nullptr);
    auto throw_text = reinterpret_cast<void (*)(const char *)>(dlsym(library, "throw_text"));
    auto call_back = reinterpret_cast<void (*)(void (*)())>(dlsym(library, "call_back"));
    must(throw_text && call_back);
    try {
        throw_text("hello");
    } catch (const std::runtime_error &error) {
        say("caught %s\n", error.what());
    }
    try {
        call_back([] { throw 17; });
    } catch (int number) {
        say("through it %d\n", number);
    }
}
