// Blocked signals stay pending, once for a standard one; unblocking delivers the lowest number first.
// variants: dynamic musl
#include "../conformance.h"

static void handler(int number) { say("delivered %d\n", number); }

int main(void) {
    sigset_t set, old, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGHUP);
    signal(SIGUSR1, handler);
    signal(SIGUSR2, handler);
    signal(SIGHUP, handler);
    say_status("block", sigprocmask(SIG_BLOCK, &set, &old));
    say_truth("was blocked before", sigismember(&old, SIGUSR1));
    for (int round = 0; round < 3; round++) kill(getpid(), SIGUSR2);
    raise(SIGUSR1);
    sigpending(&pending);
    say("pending: USR1 %d, USR2 %d, HUP %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2),
        sigismember(&pending, SIGHUP));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    say("USR2 unblocked\n");
    sigprocmask(SIG_SETMASK, &old, NULL);
    say("all unblocked\n");
    sigpending(&pending);
    say("pending: USR1 %d, USR2 %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2));
    // SIGKILL and SIGSTOP cannot be blocked, and no error is reported.
    sigfillset(&set);
    say_status("block all", sigprocmask(SIG_SETMASK, &set, NULL));
    sigprocmask(SIG_SETMASK, NULL, &old);
    say("blocked: KILL %d, STOP %d, TERM %d\n", sigismember(&old, SIGKILL), sigismember(&old, SIGSTOP), sigismember(&old, SIGTERM));
    say_status("bad how", sigprocmask(99, &set, NULL));
    return 0;
}
