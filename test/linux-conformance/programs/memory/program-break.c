// brk grows and shrinks the heap; new memory is zero, also after it was given back.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    char *start = (char *)syscall(SYS_brk, 0);
    char *end = (char *)syscall(SYS_brk, start + 100000);
    say_truth("grown", end == start + 100000);
    int zero = 1;
    for (int index = 0; index < 100000; index++) zero &= start[index] == 0;
    say_truth("zero", zero);
    memset(start, 'x', 100000);
    say_truth("shrunk", (char *)syscall(SYS_brk, start) == start);
    say_truth("grown again", (char *)syscall(SYS_brk, start + 100000) == start + 100000);
    // The first page may be shared with what lies before the break.
    zero = 1;
    for (int index = 8192; index < 90000; index++) zero &= start[index] == 0;
    say_truth("zero again", zero);
    say_truth("impossible size leaves it", (char *)syscall(SYS_brk, (char *)-4096) == start + 100000);
    return 0;
}
