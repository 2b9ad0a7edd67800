// A program that touches more memory than there is ends with a signal and a sentence of the kernel; it does not hang.
// linux: no
// memory: 96
// ends: signal 9
// says: out of memory
#include "stress.h"

static void *eat(void *argument) {
    (void)argument;
    for (;;) {
        char *at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(at != MAP_FAILED);
        for (size_t page = 0; page < 1 << 20; page += 4096) at[page] = 1;
    }
}

int main(int argc, char **argv) {
    begin(argc, argv);
    run_threads(seed % 2 ? 4 : 1, eat);
    return 0;
}
