// flock and fcntl record locks within one process, open-file-description locks between descriptors.
// variants: dynamic
#include "../conformance.h"
#include <sys/file.h>

int main(void) {
    enter_scratch_directory();
    write_file("file", "0123456789");
    int one = open("file", O_RDWR), two = open("file", O_RDWR);
    say_status("flock exclusive", flock(one, LOCK_EX));
    say_status("second, non-blocking", flock(two, LOCK_EX | LOCK_NB));
    say_status("unlock", flock(one, LOCK_UN));
    say_status("shared", flock(one, LOCK_SH));
    say_status("shared too", flock(two, LOCK_SH | LOCK_NB));
    say_status("upgrade", flock(one, LOCK_EX | LOCK_NB));
    close(one);
    say_status("freed by close", flock(two, LOCK_EX | LOCK_NB));
    say_status("bad operation", flock(two, 77));
    one = open("file", O_RDWR);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 5};
    say_status("record lock", fcntl(one, F_SETLK, &lock));
    say_status("same process again", fcntl(two, F_SETLK, &lock));
    lock.l_type = F_UNLCK;
    say_status("unlock", fcntl(one, F_SETLK, &lock));
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 3};
    say_status("description lock", fcntl(one, F_OFD_SETLK, &lock));
    say_status("overlapping", fcntl(two, F_OFD_SETLK, &lock));
    lock.l_start = 5;
    say_status("beside it", fcntl(two, F_OFD_SETLK, &lock));
    return 0;
}
