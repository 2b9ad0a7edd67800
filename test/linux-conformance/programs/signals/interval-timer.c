// setitimer repeats; reading it back gives the interval; alarm returns what was left of the former one.
// variants: dynamic musl
#include "../conformance.h"
#include <sys/time.h>

static volatile int ticks;
static void handler(int number) {
    (void)number;
    ticks++;
}

int main(void) {
    signal(SIGALRM, handler);
    sigset_t block, old;
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, &old);
    struct itimerval timer = {.it_value = {0, 5000}, .it_interval = {0, 5000}}, now;
    must(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    must(getitimer(ITIMER_REAL, &now) == 0);
    say("interval %ld us\n", (long)now.it_interval.tv_usec);
    while (ticks < 5) sigsuspend(&old);
    timer.it_value = timer.it_interval = (struct timeval){0, 0};
    must(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    say("five ticks came\n");
    say("alarm before: %u\n", alarm(100));
    say("alarm left: %u\n", alarm(50));
    unsigned left = alarm(0);
    say_truth("50 or 49 left", left == 50 || left == 49);
    say("none left: %u\n", alarm(0));
    return 0;
}
