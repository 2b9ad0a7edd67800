// Closed, negative and huge descriptors answer EBADF everywhere; right numbers of a wrong kind get their own error.
// variants: dynamic static
#include "../conformance.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

int main(void) {
    char buffer[64];
    struct stat status;
    struct epoll_event event = {.events = EPOLLIN};
    int numbers[] = {-1, 500, INT_MAX};
    for (int index = 0; index < 3; index++) {
        int bad = numbers[index];
        say("-- %d\n", bad);
        say_status("read", read(bad, buffer, 1));
        say_status("write", write(bad, buffer, 1));
        say_status("close", close(bad));
        say_status("lseek", lseek(bad, 0, SEEK_SET));
        say_status("fstat", fstat(bad, &status));
        say_status("fcntl", fcntl(bad, F_GETFL));
        say_status("ioctl", ioctl(bad, FIONREAD, buffer));
        say_status("dup", dup(bad));
        say_status("ftruncate", ftruncate(bad, 0));
        say_status("fsync", fsync(bad));
        say_status("accept", accept(bad, NULL, NULL));
        say_status("send", send(bad, buffer, 1, 0));
        say_status("epoll_ctl", epoll_ctl(bad, EPOLL_CTL_ADD, 1, &event));
        say_status("epoll_wait", epoll_wait(bad, &event, 1, 0));
        say_status("fchdir", fchdir(bad));
        say_status("getdents", syscall(SYS_getdents64, bad, buffer, 64));
        say_status("mmap", (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, bad, 0));
    }
    int ends[2], file = open("/etc/hosts", O_RDONLY);
    must(pipe(ends) == 0);
    say_status("getdents of a pipe", syscall(SYS_getdents64, ends[0], buffer, 64));
    say_status("send on a file", send(file, buffer, 1, 0));
    say_status("epoll_wait on a file", epoll_wait(file, &event, 1, 0));
    say_status("fchdir to a file", fchdir(file));
    say_status("ftruncate of a pipe", ftruncate(ends[1], 0));
    say_status("a terminal's call on a file", ioctl(file, TIOCGWINSZ, buffer));
    return 0;
}
