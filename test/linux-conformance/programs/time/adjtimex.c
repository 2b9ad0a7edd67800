// adjtimex(2) and clock_adjtime(2) say how well the clock is kept, shift it, and refuse what is not theirs.
// variants: dynamic
#include "../conformance.h"
#include <sys/timex.h>

int main(void) {
    struct timex state = {0};
    must(adjtimex(&state) >= 0);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    say_truth("time is now", now.tv_sec - state.time.tv_sec >= 0 && now.tv_sec - state.time.tv_sec <= 1);
    say("tick %ld, precision %ld, tolerance %ld\n", state.tick, state.precision, state.tolerance);
    state.modes = ADJ_OFFSET_SS_READ;
    say_truth("read what is left to slew", adjtimex(&state) >= 0 && state.offset == 0);
    state.modes = ADJ_SETOFFSET;
    state.time.tv_usec = -1;
    say_status("bad offset", adjtimex(&state));
    state.modes = 0;
    say_status("steady clock", clock_adjtime(CLOCK_MONOTONIC, &state));
    say_status("clock of CPU time", clock_adjtime(CLOCK_PROCESS_CPUTIME_ID, &state));
    say_status("no clock", clock_adjtime(77, &state));
    say_status("nowhere", adjtimex((struct timex *)8));
    return 0;
}
