// A shared file mapping and read/write see the same bytes both ways; msync, growth and two mappings agree.
// variants: dynamic musl
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    must(ftruncate(fd, 8192) == 0);
    char *one = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *two = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
    must(one != MAP_FAILED && two != MAP_FAILED);
    strcpy(one, "written through the mapping");
    char text[64] = {0};
    must(pread(fd, text, 27, 0) == 27);
    say("read: %s\n", text);
    must(pwrite(fd, "by pwrite", 9, 4096) == 9);
    say("both mappings: %.9s, %.9s\n", one + 4096, two);
    two[0] = 'B';
    say("first one: %.9s\n", one + 4096);
    say_status("msync", msync(one, 8192, MS_SYNC));
    say_status("msync misaligned", msync(one + 1, 10, MS_SYNC));
    say_status("msync bad flags", msync(one, 4096, 64));
    must(munmap(one, 8192) == 0 && munmap(two, 4096) == 0);
    must(pread(fd, text, 9, 4096) == 9);
    say("after unmap: %.9s\n", text);
    return 0;
}
