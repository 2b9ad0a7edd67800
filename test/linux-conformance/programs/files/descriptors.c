// dup, dup2, dup3, F_DUPFD, close and close_range: numbers, shared offsets, flags and errors.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    write_file("file", "0123456789");
    int fd = open("file", O_RDONLY | O_CLOEXEC);
    int copy = dup(fd);
    say("next number %d, close on exec %d\n", copy == fd + 1, fcntl(copy, F_GETFD));
    char text[8] = {0};
    must(read(fd, text, 2) == 2 && read(copy, text, 2) == 2);
    say("shared offset gives '%s'\n", text);
    say("dup2 %d\n", dup2(fd, 50) == 50);
    say("dup2 onto itself %d\n", dup2(fd, fd) == fd);
    say_status("dup2 of a bad fd", dup2(999, 51));
    say_status("dup2 to a bad number", dup2(fd, -1));
    say("dup3 %d\n", dup3(fd, 60, O_CLOEXEC) == 60);
    say("close on exec %d\n", fcntl(60, F_GETFD));
    say_status("dup3 onto itself", dup3(fd, fd, 0));
    say("F_DUPFD from 70: %d\n", fcntl(fd, F_DUPFD, 70));
    say("F_DUPFD_CLOEXEC from 70: %d\n", fcntl(fd, F_DUPFD_CLOEXEC, 70));
    say("close on exec %d\n", fcntl(71, F_GETFD));
    fcntl(copy, F_SETFD, FD_CLOEXEC);
    say("set close on exec %d\n", fcntl(copy, F_GETFD));
    must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    say("status flags are shared %d\n", !!(fcntl(copy, F_GETFL) & O_NONBLOCK));
    say_status("close", close(fd));
    say_status("close again", close(fd));
    must(read(copy, text, 2) == 2);
    say("the copy goes on with '%s'\n", text);
    say("lowest free number %d\n", open("file", O_RDONLY) == fd);
    say_status("unknown fcntl", fcntl(copy, 9999));
    say_status("close range", syscall(SYS_close_range, 50, 80, 0));
    say_status("closed by it", fcntl(60, F_GETFD));
    return 0;
}
