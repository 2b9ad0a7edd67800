// Anonymous memory is zero, keeps what is written, grows in any size, and is gone after munmap.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    size_t sizes[] = {1, 4096, 4097, 2 << 20, (2 << 20) + 1, 33 << 20};
    for (size_t index = 0; index < sizeof sizes / sizeof sizes[0]; index++) {
        size_t size = sizes[index];
        unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(memory != MAP_FAILED);
        unsigned long sum = 0;
        for (size_t at = 0; at < size; at += 1024) sum += memory[at];
        for (size_t at = 0; at < size; at += 1024) memory[at] = (unsigned char)(at / 1024);
        unsigned long wrong = 0;
        for (size_t at = 0; at < size; at += 1024) wrong += memory[at] != (unsigned char)(at / 1024);
        say("size %zu: page aligned %d, sum %lu, wrong %lu, unmap %d\n", size, (uintptr_t)memory % 4096 == 0, sum, wrong,
            munmap(memory, size));
    }
    say_status("zero length", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    say_status("no kind", (long)mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0));
    say_status("too big", (long)mmap(NULL, 1ul << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    say_status("unmap misaligned", munmap((void *)4097, 4096));
    say_status("unmap nothing", munmap((void *)0x10000000, 4096));
    return 0;
}
