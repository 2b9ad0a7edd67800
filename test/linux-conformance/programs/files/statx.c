// statx fills what it is asked for: kind, mode, size; by descriptor with an empty path too.
// variants: dynamic
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    write_file("file", "123456");
    must(chmod("file", 0640) == 0);
    must(symlink("file", "link") == 0);
    struct statx status;
    say_status("by path", statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &status));
    say("mask has the basics %d, mode %o, size %llu, links %u\n", (status.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS,
        status.stx_mode, (unsigned long long)status.stx_size, status.stx_nlink);
    say_status("link itself", statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status));
    say("is a link %d\n", S_ISLNK(status.stx_mode));
    int fd = open("file", O_RDONLY);
    say_status("by descriptor", statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &status));
    say("size %llu\n", (unsigned long long)status.stx_size);
    say_status("empty without the flag", statx(fd, "", 0, STATX_SIZE, &status));
    say_status("missing", statx(AT_FDCWD, "missing", 0, STATX_SIZE, &status));
    say_status("bad flags", statx(AT_FDCWD, "file", 0x40000000, STATX_SIZE, &status));
    say_status("reserved mask", statx(AT_FDCWD, "file", 0, 0x80000000u, &status));
    return 0;
}
