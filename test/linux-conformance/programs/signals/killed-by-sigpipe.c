// A write into a pipe without a reader ends the process by SIGPIPE.
// variants: dynamic
#include "../conformance.h"

int main(void) {
    int ends[2];
    must(pipe(ends) == 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_DFL);
    say("before\n");
    (void)!write(ends[1], "x", 1);
    say("after\n");
    return 0;
}
