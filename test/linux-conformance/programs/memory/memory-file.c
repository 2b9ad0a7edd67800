// memfd_create gives a file without a name: it grows, maps shared, and is truncated.
// variants: dynamic
#include "../conformance.h"

int main(void) {
    int fd = memfd_create("name", MFD_CLOEXEC);
    must(fd >= 0);
    must(ftruncate(fd, 10000) == 0);
    char *one = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *two = mmap(NULL, 10000, PROT_READ, MAP_SHARED, fd, 0);
    must(one != MAP_FAILED && two != MAP_FAILED);
    strcpy(one + 5000, "both see it");
    say("%s\n", two + 5000);
    struct stat status;
    must(fstat(fd, &status) == 0);
    say("size %ld, links %ld, close on exec %d\n", (long)status.st_size, (long)status.st_nlink, fcntl(fd, F_GETFD));
    say_value("write", pwrite(fd, "end", 3, 20000));
    say_value("new size", lseek(fd, 0, SEEK_END));
    say_status("bad flags", memfd_create("x", 0x4000));
    return 0;
}
