// execve deletes the timers of timer_create and keeps the interval timer, pending signals and ignored ones.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/time.h>

extern char **environ;

int main(int count, char **arguments) {
    (void)arguments;
    sigset_t blocked;
    struct itimerval interval = {{0, 0}, {1000, 0}};
    if (count == 1) {
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGUSR1);
        must(sigprocmask(SIG_BLOCK, &blocked, NULL) == 0);
        must(raise(SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0);
        must(setitimer(ITIMER_REAL, &interval, NULL) == 0);
        for (int index = 0; index < 3; index++) {
            int id;
            struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};  // deadly, if it were to come
            must(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) == 0);
            if (index) must(syscall(SYS_timer_settime, id, 0, &(struct itimerspec){{10, 0}, {10, 0}}, NULL) == 0);
        }
        execve("/proc/self/exe", (char *[]){"self", "again", NULL}, environ);
        return 1;
    }
    for (int id = 0; id < 3; id++) {
        struct itimerspec setting;
        say_status("timer of before", syscall(SYS_timer_gettime, id, &setting));
    }
    must(getitimer(ITIMER_REAL, &interval) == 0);
    say_truth("the interval timer runs", interval.it_value.tv_sec > 900);
    sigset_t pending;
    must(sigpending(&pending) == 0);
    say_truth("the signal is pending", sigismember(&pending, SIGUSR1));
    return 0;
}
