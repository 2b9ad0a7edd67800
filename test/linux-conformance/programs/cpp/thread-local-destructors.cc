// Destructors of thread_local objects run at the thread's end in reverse order; main's run at exit.
// variants: dynamic static
#include "../conformance.h"
#include <thread>

struct Object {
    const char *name;
    explicit Object(const char *text) : name(text) { say("construct %s\n", name); }
    ~Object() { say("destroy %s\n", name); }
    void touch() {}
};

static thread_local Object one("one"), two("two");

int main() {
    std::thread([] {
        two.touch();
        one.touch();
        say("thread ends\n");
    }).join();
    std::thread([] { say("a thread that touches none\n"); }).join();
    one.touch();
    say("main ends\n");
}
