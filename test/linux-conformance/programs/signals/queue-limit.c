// RLIMIT_SIGPENDING bounds what sigqueue piles up; standard signals and those of the kernel still arrive.
// The limit counts for a user: other programs of the same user may have a few signals queued, too.
// variants: dynamic musl
#include "../conformance.h"
#include <sys/resource.h>

static sigset_t all;

/// Sends until it is refused.
static int fill(int number, int most) {
    for (int count = 0; count < most; count++)
        if (sigqueue(getpid(), number, (union sigval){.sival_int = count}) != 0) {
            say("refused: %s\n", errno_name(errno));
            return count;
        }
    return most;
}

/// Takes every pending instance; true if the values came in order.
static int drain(int number, int *in_order) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    int count = 0;
    siginfo_t info;
    const struct timespec now = {0, 0};
    for (*in_order = 1; sigtimedwait(&one, &info, &now) == number; count++) *in_order &= info.si_value.sival_int == count;
    return count;
}

int main(void) {
    sigfillset(&all);
    must(sigprocmask(SIG_BLOCK, &all, NULL) == 0);
    struct rlimit limit;
    must(getrlimit(RLIMIT_SIGPENDING, &limit) == 0);
    limit.rlim_cur = 40;
    must(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
    int in_order;
    for (int round = 0; round < 3; round++) {
        const int queued = fill(SIGRTMIN, 1000);
        say_truth("as many as the limit lets through", queued > 20 && queued <= 40);
        say_status("a standard signal by kill", kill(getpid(), SIGUSR1));
        say_status("a real-time signal by kill", kill(getpid(), SIGRTMIN + 1));
        say_status("a standard signal by sigqueue", sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 7}));
        say_status("a real-time signal to a thread", syscall(SYS_tgkill, getpid(), getpid(), SIGRTMIN + 2));
        say_truth("as many arrive", drain(SIGRTMIN, &in_order) == queued);
        say_truth("in order", in_order);
        say("by kill %d and %d, by sigqueue %d, to a thread %d\n", drain(SIGUSR1, &in_order), drain(SIGRTMIN + 1, &in_order),
            drain(SIGUSR2, &in_order), drain(SIGRTMIN + 2, &in_order));
    }
    limit.rlim_cur = 200;
    must(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
    say("with a higher limit %d", fill(SIGRTMIN, 120));
    say(", taken %d\n", drain(SIGRTMIN, &in_order));
    return 0;
}
