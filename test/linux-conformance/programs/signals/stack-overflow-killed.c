// Endless recursion without an alternate stack ends the process by SIGSEGV, never the machine.
// variants: dynamic static
#include "../conformance.h"

static void handler(int number) { say("handler %d ran without a stack\n", number); }

#pragma GCC diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline)) static long recurse(long depth) {
    volatile char local[1024];
    local[0] = (char)depth;
    return recurse(depth + 1) + local[0];
}

int main(void) {
    signal(SIGSEGV, handler);
    say("before\n");
    return (int)recurse(0);
}
