// Offsets beyond 4 GiB work in a sparse file; its size shows, and its blocks do not.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    int fd = open("sparse", O_RDWR | O_CREAT, 0600);
    off_t far = (5LL << 30) + 123;
    say_value("write", pwrite(fd, "far away", 8, far));
    say_value("size", lseek(fd, 0, SEEK_END));
    char text[16] = {0};
    say_value("read", pread(fd, text, 16, far));
    say("'%s'\n", text);
    say_value("read in the hole", pread(fd, text, 16, 3LL << 30));
    say("%d\n", text[0]);
    struct stat status;
    must(fstat(fd, &status) == 0);
    say_truth("takes little room", status.st_blocks * 512 < 1 << 20);
    return 0;
}
