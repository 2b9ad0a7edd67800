// mprotect splits areas, upgrades and downgrades access, and refuses holes and misaligned addresses.
// variants: dynamic static musl
#include "../conformance.h"
#include <setjmp.h>

static sigjmp_buf back;
static void handler(int number) { siglongjmp(back, number); }

static const char *access_of(volatile char *address) {
    static char text[3];
    text[0] = text[1] = '-';
    if (sigsetjmp(back, 1) == 0) {
        (void)*address;
        text[0] = 'r';
    }
    if (sigsetjmp(back, 1) == 0) {
        *address = *address;
        text[1] = 'w';
    }
    return text;
}

int main(void) {
    signal(SIGSEGV, handler);
    char *area = mmap(NULL, 6 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(area != MAP_FAILED);
    for (int page = 0; page < 6; page++) area[page * 4096] = (char)page;
    say_status("page 1 read", mprotect(area + 4096, 4096, PROT_READ));
    say_status("pages 2, 3 none", mprotect(area + 2 * 4096, 2 * 4096, PROT_NONE));
    for (int page = 0; page < 6; page++) say("page %d %s\n", page, access_of(area + page * 4096));
    say_status("pages 0 to 5 read", mprotect(area, 6 * 4096, PROT_READ));
    for (int page = 0; page < 6; page++) say("page %d %s holds %d\n", page, access_of(area + page * 4096), area[page * 4096]);
    say_status("all write", mprotect(area, 6 * 4096, PROT_READ | PROT_WRITE));
    for (int page = 0; page < 6; page++) say("page %d %s\n", page, access_of(area + page * 4096));
    munmap(area + 3 * 4096, 4096);
    say_status("over a hole", mprotect(area, 6 * 4096, PROT_READ));
    say("before the hole %s, behind %s\n", access_of(area), access_of(area + 5 * 4096));
    say_status("misaligned", mprotect(area + 1, 4096, PROT_READ));
    say_status("zero length", mprotect(area, 0, PROT_READ));
    return 0;
}
