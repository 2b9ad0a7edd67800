// pwritev2(2) with RWF_APPEND writes at the end whatever the offset, and moves the position only without one.
// variants: dynamic
#include "../conformance.h"
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <linux/fs.h>

static int file;

static void append(const char *label, const char *text, off_t offset, int flags) {
    struct iovec data = {(void *)text, strlen(text)};
    say_value(label, pwritev2(file, &data, 1, offset, flags));
    say("position %ld\n", (long)lseek(file, 0, SEEK_CUR));
}

int main(void) {
    enter_scratch_directory();
    write_file("file", "0123456789");
    file = open("file", O_RDWR);
    must(file >= 0);
    append("at an offset", "abc", 2, RWF_APPEND);
    append("at the position", "def", -1, RWF_APPEND);
    append("without the flag", "XY", 0, 0);
    append("at the position again", "Z", -1, 0);
    append("bad offset", "Z", -2, RWF_APPEND);
    append("unknown flag", "Z", 0, 0x4000000);
    char text[64] = {0};
    read_file("file", text, sizeof text);
    say("%s\n", text);
    struct iovec data = {text, 4};
    say_status("read with RWF_APPEND", preadv2(file, &data, 1, 0, RWF_APPEND));
    int ends[2], block = 0;
    must(pipe(ends) == 0);
    say_status("pipe at an offset", pwritev2(ends[1], &data, 1, 0, RWF_APPEND));
    say_value("pipe", pwritev2(ends[1], &data, 1, -1, RWF_APPEND));
    say_status("read only", pwritev2(ends[0], &data, 1, -1, RWF_APPEND));
    say_status("FIGETBSZ", ioctl(file, FIGETBSZ, &block));
    say("block of %d\n", block);
    return 0;
}
