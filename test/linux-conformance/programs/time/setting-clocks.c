// The monotonic clock cannot be set; a clock of a thread can be read by its number.
// variants: dynamic
#include "../conformance.h"

int main(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    say_status("set monotonic", clock_settime(CLOCK_MONOTONIC, &now));
    clockid_t clock;
    say("clock of the thread: %s\n", errno_name(pthread_getcpuclockid(pthread_self(), &clock)));
    say_status("read it", clock_gettime(clock, &now));
    say("clock of the process: %s\n", errno_name(clock_getcpuclockid(0, &clock)));
    say_status("read it", clock_gettime(clock, &now));
    return 0;
}
