// truncate cuts and extends with zeros, through a path and a descriptor; what was cut does not come back.
// variants: dynamic static
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    write_file("file", "0123456789");
    char text[32];
    say_status("cut to 4", truncate("file", 4));
    say_value("length", read_file("file", text, 32));
    say("'%s'\n", text);
    int fd = open("file", O_RDWR);
    say_status("extend to 8", ftruncate(fd, 8));
    must(pread(fd, text, 8, 0) == 8);
    say("%d %d %d %d\n", text[3], text[4], text[5], text[7]);
    say_status("negative", ftruncate(fd, -1));
    say_status("read-only fd", ftruncate(open("file", O_RDONLY), 1));
    say_status("directory", truncate(".", 1));
    say_status("missing", truncate("missing", 1));
    say_status("allocate", fallocate(fd, 0, 0, 10000));
    say_value("size", lseek(fd, 0, SEEK_END));
    say("posix: %s\n", errno_name(posix_fallocate(fd, 0, 20000)));
    say_value("size", lseek(fd, 0, SEEK_END));
    return 0;
}
