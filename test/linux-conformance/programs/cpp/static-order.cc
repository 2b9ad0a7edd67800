// Static objects of one file come up in order and go down in reverse; function statics on first use, once.
// variants: dynamic static static-pie
#include "../conformance.h"
#include <thread>
#include <vector>

struct Object {
    const char *name;
    explicit Object(const char *text) : name(text) { say("construct %s\n", name); }
    ~Object() { say("destroy %s\n", name); }
};

static Object first("first");
static Object second("second");

static Object &lazy() {
    static Object object("lazy");
    return object;
}

__attribute__((constructor(200))) static void early() { say("constructor 200\n"); }
__attribute__((constructor(300))) static void later() { say("constructor 300\n"); }
__attribute__((destructor(200))) static void last() { say("destructor 200\n"); }

int main() {
    say("main\n");
    std::vector<std::thread> threads;
    for (int index = 0; index < 8; index++) threads.emplace_back([] { lazy(); });
    for (auto &thread : threads) thread.join();
    atexit([] { say("atexit\n"); });
    say("main ends\n");
}
