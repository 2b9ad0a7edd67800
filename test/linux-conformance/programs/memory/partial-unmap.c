// Unmapping the middle of an area leaves both ends, with their contents; the hole faults and can be used again.
// variants: dynamic static musl
#include "../conformance.h"
#include <setjmp.h>

static sigjmp_buf back;
static void handler(int number) { siglongjmp(back, number); }

static int readable(volatile char *address) {
    if (sigsetjmp(back, 1)) return 0;
    (void)*address;
    return 1;
}

int main(void) {
    signal(SIGSEGV, handler);
    char *area = mmap(NULL, 10 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(area != MAP_FAILED);
    for (int page = 0; page < 10; page++) area[page * 4096] = (char)('0' + page);
    say_status("unmap 3 to 5", munmap(area + 3 * 4096, 3 * 4096));
    say_status("unmap 8", munmap(area + 8 * 4096, 100));
    for (int page = 0; page < 10; page++) {
        if (readable(area + page * 4096)) say("page %d holds %c\n", page, area[page * 4096]);
        else say("page %d faults\n", page);
    }
    char *again = mmap(area + 4 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    say("page 4 again: %d\n", *again);
    say_status("unmap all, holes too", munmap(area, 10 * 4096));
    say_truth("page 0 readable", readable(area));
    return 0;
}
