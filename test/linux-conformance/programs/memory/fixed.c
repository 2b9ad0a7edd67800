// MAP_FIXED replaces what was there, MAP_FIXED_NOREPLACE refuses, hints are followed when free.
// variants: dynamic static
#include "../conformance.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

int main(void) {
    int kind = MAP_PRIVATE | MAP_ANONYMOUS, access = PROT_READ | PROT_WRITE;
    char *area = mmap(NULL, 8 * 4096, access, kind, -1, 0);
    must(area != MAP_FAILED);
    memset(area, 'a', 8 * 4096);
    char *middle = mmap(area + 2 * 4096, 2 * 4096, access, kind | MAP_FIXED, -1, 0);
    say_truth("at the place", middle == area + 2 * 4096);
    say("before %c, replaced %d, behind %c\n", area[2 * 4096 - 1], middle[0], area[4 * 4096]);
    say_status("no-replace over it", (long)mmap(area + 4096, 4096, access, kind | MAP_FIXED_NOREPLACE, -1, 0));
    munmap(area + 4096, 4096);
    char *again = mmap(area + 4096, 4096, access, kind | MAP_FIXED_NOREPLACE, -1, 0);
    say_truth("no-replace in the gap", again == area + 4096);
    munmap(area + 6 * 4096, 4096);
    char *hinted = mmap(area + 6 * 4096, 4096, access, kind, -1, 0);
    say_truth("free hint followed", hinted == area + 6 * 4096);
    char *other = mmap(area, 4096, access, kind, -1, 0);
    say_truth("taken hint gives another place", other != MAP_FAILED && other != area && area[0] == 'a');
    say_status("fixed misaligned", (long)mmap(area + 1, 4096, access, kind | MAP_FIXED, -1, 0));
    return 0;
}
