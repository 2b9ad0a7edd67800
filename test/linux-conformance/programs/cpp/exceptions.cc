// Exceptions: types, rethrow, nested handlers and destructors on the way.
// variants: dynamic static static-pie
#include "../conformance.h"
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

struct Noisy {
    int number;
    explicit Noisy(int which) : number(which) {}
    ~Noisy() { say("destroy %d\n", number); }
};

static void deep(int depth) {
    Noisy noisy(depth);
    if (depth == 0) throw std::runtime_error("from the bottom");
    deep(depth - 1);
}

struct Base { virtual ~Base() = default; };
struct Derived : Base {};

int main() {
    try {
        deep(3);
    } catch (const std::exception &error) {
        say("caught %s\n", error.what());
    }
    try {
        try {
            throw 42;
        } catch (int number) {
            say("first %d\n", number);
            throw;
        }
    } catch (int number) {
        say("again %d\n", number);
    }
    try {
        throw Derived();
    } catch (Base &) {
        say("by its base\n");
    }
    try {
        std::vector<int>().at(5);
    } catch (const std::out_of_range &) {
        say("out of range\n");
    }
    try {
        std::unique_ptr<char[]> huge(new char[size_t(1) << 62]);
        say("%d\n", huge[0]);
    } catch (const std::bad_alloc &) {
        say("bad alloc\n");
    }
    try {
        Base base;
        (void)dynamic_cast<Derived &>(base);
    } catch (const std::bad_cast &) {
        say("bad cast\n");
    }
    std::exception_ptr kept;
    try {
        throw std::string("kept");
    } catch (...) {
        kept = std::current_exception();
    }
    try {
        std::rethrow_exception(kept);
    } catch (const std::string &text) {
        say("later: %s\n", text.c_str());
    }
    try {
        try {
            throw std::logic_error("inner");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    } catch (const std::exception &error) {
        say("%s\n", error.what());
        try {
            std::rethrow_if_nested(error);
        } catch (const std::exception &inner) {
            say("%s\n", inner.what());
        }
    }
    int caught = 0;
    for (int round = 0; round < 10000; round++) {
        try {
            throw round;
        } catch (int number) {
            caught += number == round;
        }
    }
    say("caught %d\n", caught);
}
