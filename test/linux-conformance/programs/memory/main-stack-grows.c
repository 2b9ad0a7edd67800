// The main thread's stack grows on demand to several megabytes, downwards only through touched memory.
// variants: dynamic static musl
#include "../conformance.h"

__attribute__((noinline)) static long descend(int depth) {
    volatile char frame[4096];
    for (int index = 0; index < 4096; index += 512) frame[index] = (char)depth;
    if (depth == 0) return 0;
    long below = descend(depth - 1);
    return below + (frame[512] == (char)depth);
}

int main(void) {
    say("frames intact: %ld\n", descend(1500));
    say("and again: %ld\n", descend(1500));
    return 0;
}
