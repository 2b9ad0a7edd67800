// fsync, fdatasync, sync_file_range, sync, posix_fadvise and readahead succeed on files and fail on pipes.
// variants: dynamic
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    write_file("file", "x");
    int fd = open("file", O_RDWR), ends[2];
    must(pipe(ends) == 0);
    say_status("fsync", fsync(fd));
    say_status("fdatasync", fdatasync(fd));
    sync();
    say("fadvise: %s\n", errno_name(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)));
    say("fadvise, bad: %s\n", errno_name(posix_fadvise(fd, 0, 0, 99)));
    say("fadvise, pipe: %s\n", errno_name(posix_fadvise(ends[0], 0, 0, POSIX_FADV_NORMAL)));
    say_status("fsync of a pipe", fsync(ends[0]));
    say_status("fsync of nothing", fsync(999));
    int directory = open(".", O_RDONLY);
    say_status("fsync of a directory", fsync(directory));
    return 0;
}
