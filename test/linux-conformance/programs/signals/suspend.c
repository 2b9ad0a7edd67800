// sigsuspend swaps the mask atomically: the signal that was pending is delivered, and the old mask is back after.
// variants: dynamic static
#include "../conformance.h"

static volatile int caught;
static void handler(int number) { caught = number; }

int main(void) {
    signal(SIGUSR1, handler);
    sigset_t block, empty, now;
    sigemptyset(&empty);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    for (int round = 0; round < 1000; round++) {
        sigprocmask(SIG_BLOCK, &block, NULL);
        raise(SIGUSR1);
        must(caught == 0);
        must(sigsuspend(&empty) == -1 && errno == EINTR);
        must(caught == SIGUSR1);
        caught = 0;
        sigprocmask(SIG_SETMASK, NULL, &now);
        must(sigismember(&now, SIGUSR1));
    }
    say("1000 rounds\n");
    return 0;
}
