// A signalfd reports blocked signals as records, is pollable, and answers EAGAIN when empty.
// variants: dynamic musl
#include "../conformance.h"
#include <poll.h>
#include <sys/signalfd.h>

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    must(fd >= 0);
    struct signalfd_siginfo records[4];
    say_status("empty", read(fd, records, sizeof records));
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    say("poll before: %d\n", poll(&entry, 1, 0));
    kill(getpid(), SIGUSR1);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5});
    say("poll after: %d\n", poll(&entry, 1, 0));
    long got = read(fd, records, sizeof records);
    say("records: %ld\n", got / (long)sizeof records[0]);
    for (long index = 0; index < got / (long)sizeof records[0]; index++)
        say("signal %d, own pid %d, value %d\n", (int)records[index].ssi_signo == SIGUSR1 ? 10 : 34,
            (int)records[index].ssi_pid == getpid(), records[index].ssi_int);
    say_status("small buffer", read(fd, records, 16));
    return 0;
}
