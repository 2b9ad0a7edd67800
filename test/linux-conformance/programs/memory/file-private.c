// A private file mapping shows the file, keeps writes to itself, and ends in zeros behind the end of the file.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    char block[5000];
    for (int index = 0; index < 5000; index++) block[index] = (char)('a' + index % 26);
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    must(write(fd, block, sizeof block) == sizeof block);
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    must(map != MAP_FAILED);
    say_truth("same as the file", memcmp(map, block, 5000) == 0);
    int zeros = 1;
    for (int index = 5000; index < 8192; index++) zeros &= map[index] == 0;
    say_truth("zeros behind the end", zeros);
    map[0] = '!';
    char byte;
    pread(fd, &byte, 1, 0);
    say("file still has %c, mapping has %c\n", byte, map[0]);
    char *second = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 4096);
    say("second page starts with %c\n", second[0]);
    say_status("offset misaligned", (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 100));
    int read_only = open("file", O_RDONLY), write_only = open("file", O_WRONLY);
    say_status("private write of a read-only file", (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, read_only, 0));
    say_status("shared write of a read-only file", (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0));
    say_status("write-only file", (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, write_only, 0));
    close(fd);
    unlink("file");
    say("after close and unlink: %c%c%c\n", map[1], map[2], map[3]);
    int ends[2];
    must(pipe(ends) == 0);
    say_status("pipe", (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, ends[0], 0));
    say_status("bad fd", (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 999, 0));
    return 0;
}
