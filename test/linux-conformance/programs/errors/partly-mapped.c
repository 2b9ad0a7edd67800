// A buffer whose second page is missing: a write passes what it can read, strings that run into it are EFAULT.
// variants: dynamic static
#include "../conformance.h"
#include <sys/uio.h>

int main(void) {
    char *area = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(area != MAP_FAILED && munmap(area + 4096, 4096) == 0);
    memset(area, '/', 4096);
    enter_scratch_directory();
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    must(write(fd, "0123456789", 10) == 10);
    say_status("path runs into the hole", open(area + 4000, O_RDONLY));
    say_status("iovec in the hole", writev(fd, (struct iovec *)(area + 4096), 1));
    say_status("iovec's end in the hole", writev(fd, (struct iovec *)(area + 4096 - 16), 2));
    int ends[2];
    must(pipe2(ends, O_NONBLOCK) == 0);
    say_status("pipe write from the hole", write(ends[1], area + 4096, 10));
    must(write(ends[1], "0123456789", 10) == 10);
    say_status("pipe read into the hole", read(ends[0], area + 4096, 10));
    say_value("pipe read before the hole", read(ends[0], area + 4096 - 10, 10));
    say("'%.10s'\n", area + 4096 - 10);
    return 0;
}
