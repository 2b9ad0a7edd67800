// Code written into a page runs after mprotect to read+execute, is replaced, and runs anew (a JIT's life).
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(page != MAP_FAILED);
    for (int value = 0; value < 5; value++) {
        unsigned char code[] = {0xb8, (unsigned char)(value * 11), 0, 0, 0, 0xc3};  // mov $value*11, %eax; ret
        must(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
        memcpy(page, code, sizeof code);
        must(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
        say("generated code answers %d\n", ((int (*)(void))(void *)page)());
    }
    return 0;
}
