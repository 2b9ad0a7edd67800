// Reads, writes and seeks move one offset; sparse parts read as zero; seeks behind the end are allowed.
// variants: dynamic static static-pie musl
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0640);
    char text[64] = {0};
    say_value("write", write(fd, "hello world", 11));
    say_value("position", lseek(fd, 0, SEEK_CUR));
    say_value("seek back", lseek(fd, -5, SEEK_END));
    say_value("read", read(fd, text, 64));
    say("'%s'\n", text);
    say_value("end of file", read(fd, text, 64));
    say_value("far behind the end", lseek(fd, 10000, SEEK_SET));
    say_value("write there", write(fd, "far", 3));
    say_value("size", lseek(fd, 0, SEEK_END));
    char hole[100];
    must(pread(fd, hole, 100, 5000) == 100);
    int zeros = 1;
    for (int index = 0; index < 100; index++) zeros &= hole[index] == 0;
    say_truth("hole is zero", zeros);
    say_value("pwrite", pwrite(fd, "HELLO", 5, 0));
    say_value("position unmoved", lseek(fd, 0, SEEK_CUR));
    must(pread(fd, text, 11, 0) == 11);
    say("'%.11s'\n", text);
    say_status("negative seek", lseek(fd, -1, SEEK_SET));
    say_status("bad whence", lseek(fd, 0, 77));
    say_status("pread negative", pread(fd, text, 1, -1));
    int read_only = open("file", O_RDONLY), write_only = open("file", O_WRONLY);
    say_status("write to read-only", write(read_only, "x", 1));
    say_status("read from write-only", read(write_only, text, 1));
    say_status("read a directory", read(open(".", O_RDONLY), text, 1));
    return 0;
}
