// A reservation of 64 GiB without access costs nothing; parts of it become usable, and are given back.
// variants: dynamic static musl
#include "../conformance.h"
#include <setjmp.h>

static sigjmp_buf back;
static void handler(int number) { siglongjmp(back, number); }

int main(void) {
    signal(SIGSEGV, handler);
    size_t size = 64ul << 30;
    char *area = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(area != MAP_FAILED);
    say("reserved\n");
    if (sigsetjmp(back, 1) == 0) area[12345] = 1;
    else say("no access yet\n");
    for (int step = 0; step < 8; step++) {
        char *part = area + (size / 8) * (size_t)step;
        must(mprotect(part, 1 << 20, PROT_READ | PROT_WRITE) == 0);
        memset(part, step, 1 << 20);
    }
    int right = 1;
    for (int step = 0; step < 8; step++) right &= area[(size / 8) * (size_t)step + 77] == step;
    say_truth("parts hold their values", right);
    char *back_again = mmap(area, size / 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    say_truth("half given back", back_again == area);
    say_status("unmap", munmap(area, size));
    return 0;
}
