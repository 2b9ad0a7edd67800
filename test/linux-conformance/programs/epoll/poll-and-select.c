// poll and select over pipes: readiness, POLLHUP, POLLNVAL, negative descriptors, time-outs, ppoll and pselect.
// variants: dynamic static musl
#include "../conformance.h"
#include <poll.h>
#include <sys/select.h>

static void show(const char *label, struct pollfd *entries, int count, int timeout) {
    int ready = poll(entries, (nfds_t)count, timeout);
    say("%s: %d", label, ready);
    for (int index = 0; index < count; index++) {
        short got = entries[index].revents;
        say(" [%s%s%s%s%s]", got & POLLIN ? "I" : "", got & POLLOUT ? "O" : "", got & POLLHUP ? "H" : "",
            got & POLLERR ? "E" : "", got & POLLNVAL ? "N" : "");
    }
    say("\n");
}

int main(void) {
    int ends[2];
    must(pipe(ends) == 0);
    struct pollfd entries[4] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLOUT},
                                {.fd = -1, .events = POLLIN}, {.fd = 777, .events = POLLIN}};
    show("empty pipe", entries, 2, 0);
    show("negative and bad", entries + 2, 2, 0);
    must(write(ends[1], "x", 1) == 1);
    show("data", entries, 3, -1);
    fd_set reads, writes;
    FD_ZERO(&reads);
    FD_ZERO(&writes);
    FD_SET(ends[0], &reads);
    FD_SET(ends[1], &writes);
    say("select %d", select(ends[1] + 1, &reads, &writes, NULL, NULL));
    say(" read %d write %d\n", FD_ISSET(ends[0], &reads) != 0, FD_ISSET(ends[1], &writes) != 0);
    char byte;
    must(read(ends[0], &byte, 1) == 1);
    struct timeval time = {0, 20000};
    FD_ZERO(&reads);
    FD_SET(ends[0], &reads);
    int64_t start = monotonic_ns();
    say("select times out %d", select(ends[0] + 1, &reads, NULL, NULL, &time));
    say(", set cleared %d, waited %d\n", !FD_ISSET(ends[0], &reads), monotonic_ns() - start >= 20000000);
    struct timespec short_time = {0, 10000000};
    say("ppoll %d\n", ppoll(entries, 1, &short_time, NULL));
    FD_SET(ends[0], &reads);
    say("pselect %d\n", pselect(ends[0] + 1, &reads, NULL, NULL, &short_time, NULL));
    FD_ZERO(&reads);
    FD_SET(40, &reads);
    say_status("select on a closed descriptor", select(41, &reads, NULL, NULL, &time));
    close(ends[1]);
    entries[0].events = POLLIN;
    show("writer closed", entries, 1, -1);
    must(pipe(ends) == 0);
    close(ends[0]);
    entries[0] = (struct pollfd){.fd = ends[1], .events = POLLOUT};
    show("reader closed", entries, 1, -1);
    say("nothing to wait for: %d\n", poll(NULL, 0, 5));
    time = (struct timeval){-1, 0};
    say_status("negative time", select(0, NULL, NULL, NULL, &time));
    return 0;
}
