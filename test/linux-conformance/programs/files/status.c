// stat, fstat and statx agree on kind, mode, size and times; chmod, umask and utimensat change them.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    umask(022);
    int fd = open("file", O_RDWR | O_CREAT, 0666);
    struct stat status;
    must(write(fd, "12345", 5) == 5);
    must(fstat(fd, &status) == 0);
    say("mode %o, size %ld, links %ld, uid %d, gid %d\n", status.st_mode, (long)status.st_size, (long)status.st_nlink,
        (int)status.st_uid, (int)status.st_gid);
    say_truth("block size sane", status.st_blksize >= 512 && status.st_blksize <= 1 << 21);
    say_truth("changed lately", labs((long)(time(NULL) - status.st_mtime)) < 100);
    umask(077);
    close(open("private", O_RDWR | O_CREAT, 0666));
    must(stat("private", &status) == 0);
    say("mode under umask 077: %o\n", status.st_mode);
    say_status("chmod", chmod("private", 0751));
    say_status("fchmod", fchmod(fd, 04755));
    must(stat("private", &status) == 0);
    say("mode %o\n", status.st_mode);
    must(fstat(fd, &status) == 0);
    say("mode %o\n", status.st_mode);
    struct timespec times[2] = {{1000000000, 123456789}, {1500000000, 987654321}};
    say_status("utimensat", utimensat(AT_FDCWD, "file", times, 0));
    must(stat("file", &status) == 0);
    say("access %ld.%09ld, change %ld.%09ld\n", (long)status.st_atim.tv_sec, status.st_atim.tv_nsec,
        (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    must(futimens(fd, times) == 0);
    must(stat("file", &status) == 0);
    say("access left %d, change is now %d\n", status.st_atim.tv_sec == 1000000000, status.st_mtime > 1500000000);
    say_status("chown to self", chown("file", getuid(), getgid()));
    say_status("missing", stat("missing", &status));
    say_status("bad fd", fstat(999, &status));
    stat("/dev/null", &status);
    say("null is a character device %d\n", S_ISCHR(status.st_mode));
    stat("/", &status);
    say("root is a directory %d\n", S_ISDIR(status.st_mode));
    return 0;
}
