// FUTEX_WAIT: EAGAIN on another value, ETIMEDOUT after a relative time, absolute time with the bitset form.
// variants: dynamic static musl
#include "futex.h"

int main(void) {
    uint32_t word = 5;
    struct timespec short_time = {0, 10000000};
    say_status("wait on another value", futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0));
    int64_t start = monotonic_ns();
    say_status("wait with timeout", futex(&word, FUTEX_WAIT_PRIVATE, 5, &short_time, NULL, 0));
    say_truth("waited at least 10 ms", monotonic_ns() - start >= 10000000);
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    say_status("absolute, already past", futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 5, &when, NULL, FUTEX_BITSET_MATCH_ANY));
    clock_gettime(CLOCK_REALTIME, &when);
    when.tv_nsec += 10000000;
    if (when.tv_nsec >= 1000000000) when.tv_sec++, when.tv_nsec -= 1000000000;
    say_status("absolute, realtime",
               futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 5, &when, NULL, FUTEX_BITSET_MATCH_ANY));
    struct timespec bad = {0, 1000000000};
    say_status("bad time", futex(&word, FUTEX_WAIT_PRIVATE, 5, &bad, NULL, 0));
    struct timespec negative = {-1, 0};
    say_status("negative time", futex(&word, FUTEX_WAIT_PRIVATE, 5, &negative, NULL, 0));
    say_status("empty bitset", futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 5, NULL, NULL, 0));
    say_status("misaligned", futex((char *)&word + 1, FUTEX_WAIT_PRIVATE, 5, &short_time, NULL, 0));
    say_status("unmapped", futex((void *)16, FUTEX_WAIT_PRIVATE, 5, &short_time, NULL, 0));
    say_value("wake nobody", futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
    say_status("unknown operation", futex(&word, 99, 0, NULL, NULL, 0));
    return 0;
}
