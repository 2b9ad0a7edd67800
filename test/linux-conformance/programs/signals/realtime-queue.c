// Real-time signals queue each instance, lowest number first, in order within one number.
// variants: dynamic static musl
#include "../conformance.h"

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    say("RTMIN+%d value %d\n", number - SIGRTMIN, info->si_value.sival_int);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigset_t set;
    sigemptyset(&set);
    for (int number = 0; number < 3; number++) {
        sigaction(SIGRTMIN + number, &action, NULL);
        sigaddset(&set, SIGRTMIN + number);
    }
    // A handler runs with the others blocked, so that nesting cannot turn the order round.
    action.sa_mask = set;
    for (int number = 0; number < 3; number++) sigaction(SIGRTMIN + number, &action, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int value = 0; value < 4; value++)
        for (int number = 2; number >= 0; number--)
            must(sigqueue(getpid(), SIGRTMIN + number, (union sigval){.sival_int = 10 * number + value}) == 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return 0;
}
