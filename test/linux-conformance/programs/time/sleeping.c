// Sleeps last at least as long as asked, relative and absolute, and not absurdly longer.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    long durations[] = {1000, 1000000, 20000000};
    for (int index = 0; index < 3; index++) {
        struct timespec time = {0, durations[index]};
        int64_t start = monotonic_ns();
        must(nanosleep(&time, NULL) == 0);
        int64_t took = monotonic_ns() - start;
        say("%ld ns: long enough %d, sane %d\n", durations[index], took >= durations[index], took < durations[index] + 5000000000);
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 15000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    must(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    say_truth("absolute time reached", now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
    until.tv_sec = 1;
    say("time in the past: %s\n", errno_name(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL)));
    say("thread clock: %s\n", errno_name(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &until, NULL)));
    return 0;
}
