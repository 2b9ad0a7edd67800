// nanosleep that a signal cuts short answers EINTR with the time left; an absolute sleep goes on where it was.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/time.h>

static void handler(int number) { (void)number; }

static void alarm_in_ms(int ms) {
    struct itimerval timer = {.it_value = {0, ms * 1000}};
    must(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

int main(void) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    struct timespec want = {100, 0}, left = {0, 0};
    alarm_in_ms(20);
    say_status("nanosleep", nanosleep(&want, &left));
    say_truth("remainder plausible", left.tv_sec >= 80 && left.tv_sec < 100);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 100;
    alarm_in_ms(20);
    say("absolute clock_nanosleep: %s\n", errno_name(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL)));
    struct timespec bad = {0, 1000000000};
    say_status("bad nanoseconds", nanosleep(&bad, NULL));
    return 0;
}
