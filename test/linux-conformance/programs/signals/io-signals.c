// O_ASYNC, F_SETOWN and F_SETSIG: a signal to a process or a thread when a pipe or a socket becomes ready (fcntl(2)).
// variants: dynamic musl
#include "../conformance.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static sigset_t wanted;

/// Takes the next signal; says what it tells.
static void take(const char *label, int fd) {
    siginfo_t info;
    int number = sigwaitinfo(&wanted, &info);
    must(number > 0);
    say("%s: %s", label, number == SIGIO ? "SIGIO" : number == SIGRTMIN + 1 ? "its own signal" : "another signal");
    if (info.si_code == SI_KERNEL) say(", no details\n");
    else say(", code %d, band %#lx, descriptor %s\n", info.si_code, (unsigned long)info.si_band, info.si_fd == fd ? "right" : "wrong");
}

static void none(const char *label) {
    struct timespec at_once = {0, 0};
    siginfo_t info;
    say_status(label, sigtimedwait(&wanted, &info, &at_once));
}

static void add_flag(int fd, int flag) { must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | flag) == 0); }

static void *wait_as_owner(void *pair) {
    int *ends = pair;
    struct f_owner_ex me = {F_OWNER_TID, gettid()}, back = {0};
    say_status("owner is a thread", fcntl(ends[0], F_SETOWN_EX, &me));
    say_status("owner back", fcntl(ends[0], F_GETOWN_EX, &back));
    say_truth("same", back.type == me.type && back.pid == me.pid);
    must(write(ends[1], "x", 1) == 1);
    take("thread", ends[0]);
    return NULL;
}

int main(void) {
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGIO);
    sigaddset(&wanted, SIGRTMIN + 1);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    char byte;
    int ends[2];
    must(pipe(ends) == 0);
    say_value("no owner at first", fcntl(ends[0], F_GETOWN));
    say_value("no signal at first", fcntl(ends[0], F_GETSIG));
    must(write(ends[1], "x", 1) == 1);
    must(read(ends[0], &byte, 1) == 1);
    none("without O_ASYNC");
    add_flag(ends[0], O_ASYNC);
    say_truth("flag", fcntl(ends[0], F_GETFL) & O_ASYNC);
    must(write(ends[1], "x", 1) == 1);
    must(read(ends[0], &byte, 1) == 1);
    none("without an owner");
    say_status("set owner", fcntl(ends[0], F_SETOWN, getpid()));
    say_truth("owner", fcntl(ends[0], F_GETOWN) == getpid());
    must(write(ends[1], "x", 1) == 1);
    take("pipe", ends[0]);
    must(read(ends[0], &byte, 1) == 1);
    say_status("set signal", fcntl(ends[0], F_SETSIG, SIGRTMIN + 1));
    say_truth("signal", fcntl(ends[0], F_GETSIG) == SIGRTMIN + 1);
    must(write(ends[1], "x", 1) == 1);
    take("pipe", ends[0]);
    must(read(ends[0], &byte, 1) == 1);
    say_status("set signal 0", fcntl(ends[0], F_SETSIG, 0));
    pthread_t thread;
    must(pthread_create(&thread, NULL, wait_as_owner, ends) == 0);
    pthread_join(thread, NULL);
    must(read(ends[0], &byte, 1) == 1);
    int off = 0, on = 1;
    say_status("FIOASYNC off", ioctl(ends[0], FIOASYNC, &off));
    say_truth("flag", fcntl(ends[0], F_GETFL) & O_ASYNC);
    must(write(ends[1], "x", 1) == 1);
    none("off");

    int pair[2];
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    pid_t self = getpid();
    say_status("SIOCSPGRP", ioctl(pair[0], SIOCSPGRP, &self));
    say_truth("owner", fcntl(pair[0], F_GETOWN) == self);
    say_status("FIOASYNC on", ioctl(pair[0], FIOASYNC, &on));
    must(send(pair[1], "hello", 5, 0) == 5);
    take("unix datagram", pair[0]);

    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(listener, (struct sockaddr *)&at, size) == 0 && listen(listener, 4) == 0);
    must(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    must(fcntl(listener, F_SETOWN, self) == 0);
    add_flag(listener, O_ASYNC);
    must(connect(client, (struct sockaddr *)&at, size) == 0);
    take("listener", listener);
    int served = accept(listener, NULL, NULL);
    say_truth("accepted one inherits the flag", fcntl(served, F_GETFL) & O_ASYNC);
    must(fcntl(served, F_SETOWN, self) == 0);
    must(fcntl(served, F_SETSIG, SIGRTMIN + 1) == 0);
    add_flag(served, O_ASYNC);
    must(send(client, "hello", 5, 0) == 5);
    take("stream", served);
    none("and no more");

    say_status("owner that is not there", fcntl(served, F_SETOWN, 0x3ffffff0));
    say_status("signal that is none", fcntl(served, F_SETSIG, 65));
    struct f_owner_ex bad = {7, self};
    say_status("kind that is none", fcntl(served, F_SETOWN_EX, &bad));
    say_status("nowhere", fcntl(served, F_SETOWN_EX, NULL));
    int file = open("/proc/self/exe", O_RDONLY);
    say_status("FIOASYNC of a file", ioctl(file, FIOASYNC, &on));
    say_status("SIOCSPGRP of a file", ioctl(file, SIOCSPGRP, &self));
    return 0;
}
