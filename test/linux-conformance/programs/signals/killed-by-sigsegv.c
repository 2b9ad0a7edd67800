// A wild write without a handler ends the process by SIGSEGV; what it wrote before is there.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    say("before\n");
    *(volatile int *)8 = 1;
    say("after\n");
    return 0;
}
