// atexit handlers run last to first, on_exit gets the code, _exit skips them all.
// variants: dynamic static
#include "../conformance.h"

static void first(void) { say("first\n"); }
static void second(void) {
    say("second\n");
    _exit(9);
}
static void third(int code, void *argument) { say("third, code %d, %s\n", code, (const char *)argument); }

int main(void) {
    atexit(first);
    atexit(second);
    on_exit(third, "argument");
    printf("this stays in the buffer");
    return 5;
}
