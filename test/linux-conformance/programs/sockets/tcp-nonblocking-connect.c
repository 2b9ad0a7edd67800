// A non-blocking connect is in progress, becomes writable, and SO_ERROR tells how it went.
// variants: dynamic static musl
#include "sockets.h"

static void try_port(const char *label, int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = loopback(port);
    int answer = connect(fd, (struct sockaddr *)&address, sizeof address);
    // Loopback may be done at once.
    say_truth("in progress or done", answer == 0 || errno == EINPROGRESS || errno == ECONNREFUSED);
    say_truth("writable", wait_for(fd, POLLOUT) & (POLLOUT | POLLERR));
    int error = answer < 0 && errno == ECONNREFUSED ? ECONNREFUSED : -1;
    socklen_t length = sizeof error;
    if (error < 0) must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0);
    say("%s: %s\n", label, errno_name(error));
    close(fd);
}

int main(void) {
    int listener = bound_socket(SOCK_STREAM, 5), port = port_of(listener);
    try_port("to a listener", port);
    say_status("accept", accept(listener, NULL, NULL));
    fcntl(listener, F_SETFL, O_NONBLOCK);
    say_status("accept, nobody there", accept(listener, NULL, NULL));
    close(listener);
    try_port("to a closed port", port);
    int ends[2];
    tcp_pair(ends);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    char byte;
    say_status("nothing to read", recv(ends[0], &byte, 1, 0));
    say_status("MSG_DONTWAIT", recv(ends[1], &byte, 1, MSG_DONTWAIT));
    static char block[1 << 20];
    long total = 0, now;
    while ((now = send(ends[0], block, sizeof block, 0)) > 0) total += now;
    say("send buffer full: %s\n", errno_name(errno));
    say_truth("took something", total > 10000);
    say_truth("not writable", !(({ struct pollfd e = {.fd = ends[0], .events = POLLOUT}; poll(&e, 1, 0); e.revents; }) & POLLOUT));
    return 0;
}
