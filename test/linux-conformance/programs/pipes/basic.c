// Pipes: order of bytes, partial reads, end of file, EPIPE, EAGAIN, FIONREAD and flags.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/ioctl.h>

int main(void) {
    int ends[2];
    must(pipe2(ends, O_CLOEXEC) == 0);
    say("close on exec %d %d\n", fcntl(ends[0], F_GETFD), fcntl(ends[1], F_GETFD));
    char text[64] = {0};
    say_value("write", write(ends[1], "hello world", 11));
    int waiting = 0;
    ioctl(ends[0], FIONREAD, &waiting);
    say("waiting %d\n", waiting);
    say_value("partial read", read(ends[0], text, 5));
    say("'%s'\n", text);
    say_value("rest", read(ends[0], text, 64));
    say("'%s'\n", text);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    say_status("empty, non-blocking", read(ends[0], text, 1));
    say_value("zero-length write", write(ends[1], text, 0));
    say_status("read the write end", read(ends[1], text, 1));
    say_status("write the read end", write(ends[0], text, 1));
    say_status("seek", lseek(ends[0], 0, SEEK_SET));
    say_status("pread", pread(ends[0], text, 1, 0));
    struct stat status;
    fstat(ends[0], &status);
    say("is a fifo %d\n", S_ISFIFO(status.st_mode));
    close(ends[1]);
    say_value("end of file", read(ends[0], text, 1));
    must(pipe(ends) == 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    say_status("no reader", write(ends[1], "x", 1));
    say_status("bad flags", pipe2(ends, 0x1));
    return 0;
}
