// The exit code is the low byte of what exit(3) got; buffered output is written out.
// variants: dynamic static static-pie musl
#include "../conformance.h"

int main(void) {
    printf("buffered, without an end of line");
    exit(0x123);
}
