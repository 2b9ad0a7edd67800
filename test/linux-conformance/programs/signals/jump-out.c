// siglongjmp out of a handler restores the mask that sigsetjmp saved, time after time.
// variants: dynamic static musl
#include "../conformance.h"
#include <setjmp.h>

static sigjmp_buf back;
static void handler(int number) { siglongjmp(back, number); }

int main(void) {
    signal(SIGUSR1, handler);
    signal(SIGSEGV, handler);
    volatile int jumps = 0;
    for (volatile int round = 0; round < 1000; round++) {
        if (sigsetjmp(back, 1) == 0) {
            if (round % 2) raise(SIGUSR1);
            else *(volatile char *)1 = 0;
        } else jumps++;
    }
    say("jumps %d\n", jumps);
    sigset_t now;
    sigprocmask(SIG_SETMASK, NULL, &now);
    say("blocked after: %d %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGSEGV));
    return 0;
}
