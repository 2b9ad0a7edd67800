// MADV_DONTNEED zeroes anonymous memory at once and rereads private file pages; other advice is taken or refused.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    char *area = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(area != MAP_FAILED);
    memset(area, 'x', 4 << 20);
    say_status("don't need the middle", madvise(area + 4096, 2 << 20, MADV_DONTNEED));
    size_t zero = 0;
    for (size_t at = 0; at < 4 << 20; at++) zero += area[at] == 0;
    say("zero bytes %zu\n", zero);
    area[8192] = 'y';
    say("written again: %c\n", area[8192]);
    write_file("file", "from the file");
    int fd = open("file", O_RDWR);
    char *file = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    memcpy(file, "FROM", 4);
    say("private: %s\n", file);
    say_status("don't need", madvise(file, 4096, MADV_DONTNEED));
    say("after: %s\n", file);
    say_status("free", madvise(area, 4 << 20, MADV_FREE));
    say_status("will need", madvise(area, 4096, MADV_WILLNEED));
    say_status("random", madvise(area, 4096, MADV_RANDOM));
    say_status("misaligned", madvise(area + 1, 4096, MADV_DONTNEED));
    say_status("unknown advice", madvise(area, 4096, 9999));
    munmap(area + 4096, 4096);
    say_status("over a hole", madvise(area, 3 * 4096, MADV_DONTNEED));
    return 0;
}
