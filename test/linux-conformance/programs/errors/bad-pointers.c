// Pointers into nowhere, into read-only memory and into the kernel's half answer EFAULT, wherever they are given.
// variants: dynamic static
#include "../conformance.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#define TRY(label, call) say_status(label, call)

int main(void) {
    static const char constant[64] = "constant";
    volatile uintptr_t values[] = {8, 0x7fffffffe000, 0xffffffff80000000, 0xffff800000000000};
    const char *names[] = {"low", "top of the lower half", "kernel text", "kernel half"};
    int ends[2], pair[2], epoll = epoll_create1(0);
    must(pipe2(ends, O_NONBLOCK) == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    for (int index = 0; index < 4; index++) {
        void *bad = (void *)values[index];
        say("-- %s\n", names[index]);
        must(write(ends[1], "data", 4) == 4);
        TRY("read", syscall(SYS_read, ends[0], bad, 4));
        TRY("write", syscall(SYS_write, ends[1], bad, 4));
        TRY("open", syscall(SYS_open, bad, O_RDONLY));
        TRY("stat", syscall(SYS_stat, "/", bad));
        TRY("pipe", syscall(SYS_pipe, bad));
        TRY("poll", syscall(SYS_poll, bad, 1, 0));
        TRY("clock_gettime", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, bad));
        TRY("nanosleep", syscall(SYS_nanosleep, bad, NULL));
        TRY("futex", syscall(SYS_futex, bad, 0, 0, NULL, NULL, 0));
        TRY("epoll_ctl", syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], bad));
        TRY("writev", syscall(SYS_writev, ends[1], bad, 1));
        TRY("getcwd", syscall(SYS_getcwd, bad, 100));
        TRY("uname", syscall(SYS_uname, bad));
        TRY("sigaction", syscall(SYS_rt_sigaction, SIGUSR1, bad, NULL, 8));
        TRY("sigprocmask", syscall(SYS_rt_sigprocmask, SIG_BLOCK, bad, NULL, 8));
        TRY("execve", syscall(SYS_execve, bad, NULL, NULL));
        TRY("send", syscall(SYS_sendto, pair[0], bad, 4, 0, NULL, 0));
        TRY("bind", syscall(SYS_bind, pair[0], bad, 16));
        TRY("getrandom", syscall(SYS_getrandom, bad, 16, 0));
        char drain[64];
        while (read(ends[0], drain, sizeof drain) > 0) continue;
    }
    say("-- read-only memory\n");
    must(write(ends[1], "data", 4) == 4);
    TRY("read", syscall(SYS_read, ends[0], constant, 4));
    TRY("stat", syscall(SYS_stat, "/", constant));
    TRY("clock_gettime", syscall(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, constant));
    say("constant still holds %s\n", constant);
    return 0;
}
