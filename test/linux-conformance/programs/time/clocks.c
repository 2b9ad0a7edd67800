// Clocks run forward, agree with each other, and have a resolution; unknown ones are refused.
// variants: dynamic static static-pie musl
#include "../conformance.h"
#include <sys/time.h>

int main(void) {
    struct timespec before, after, resolution;
    long backwards = 0;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int round = 0; round < 100000; round++) {
        clock_gettime(CLOCK_MONOTONIC, &after);
        backwards += after.tv_sec < before.tv_sec || (after.tv_sec == before.tv_sec && after.tv_nsec < before.tv_nsec);
        before = after;
    }
    say("steps back %ld\n", backwards);
    clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                          CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME};
    for (size_t index = 0; index < sizeof clocks / sizeof clocks[0]; index++) {
        say("clock %d: %s", (int)clocks[index], clock_gettime(clocks[index], &before) ? errno_name(errno) : "ok");
        say(", nanoseconds in range %d", before.tv_nsec >= 0 && before.tv_nsec < 1000000000);
        say(", resolution %s\n", clock_getres(clocks[index], &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec > 0 ? "ok" : "bad");
    }
    say_status("unknown clock", clock_gettime(77, &before));
    struct timeval day;
    gettimeofday(&day, NULL);
    clock_gettime(CLOCK_REALTIME, &before);
    time_t now = time(NULL);
    say_truth("gettimeofday agrees", labs((long)(before.tv_sec - day.tv_sec)) <= 1);
    say_truth("time agrees", labs((long)(now - day.tv_sec)) <= 1);
    say_truth("after 2024", now > 1704067200);
    struct timespec raw;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &raw);
    say_truth("system call agrees with the vDSO", labs((long)(raw.tv_sec - before.tv_sec)) <= 1);
    return 0;
}
