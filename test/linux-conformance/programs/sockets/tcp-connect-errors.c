// Refused, already connected, in progress, wrong family, not connected: each with its error.
// variants: dynamic static musl
#include "sockets.h"

int main(void) {
    int listener = bound_socket(SOCK_STREAM, 5), port = port_of(listener);
    int fd = connected_to(SOCK_STREAM, port);
    struct sockaddr_in address = loopback(port);
    say_status("already connected", connect(fd, (struct sockaddr *)&address, sizeof address));
    close(fd);
    close(listener);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    say_status("refused", connect(fd, (struct sockaddr *)&address, sizeof address));
    int lone = socket(AF_INET, SOCK_STREAM, 0);
    char byte;
    say_status("read, not connected", recv(lone, &byte, 1, 0));
    signal(SIGPIPE, SIG_IGN);
    say_status("write, not connected", send(lone, "x", 1, 0));
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    say_status("peer name", getpeername(lone, (struct sockaddr *)&peer, &length));
    say_status("accept, not listening", accept(lone, NULL, NULL));
    address.sin_family = AF_UNIX;
    say_status("wrong family", connect(lone, (struct sockaddr *)&address, sizeof address));
    say_status("short address", connect(lone, (struct sockaddr *)&address, 3));
    address = loopback(port);
    say_status("bind", bind(lone, (struct sockaddr *)&address, sizeof address));
    say_status("bind again", bind(lone, (struct sockaddr *)&address, sizeof address));
    int other = socket(AF_INET, SOCK_STREAM, 0);
    must(listen(lone, 1) == 0);
    say_status("address in use", bind(other, (struct sockaddr *)&address, sizeof address));
    address.sin_addr.s_addr = inet_addr("203.0.113.9");
    say_status("foreign address", bind(other, (struct sockaddr *)&address, sizeof address));
    say_status("bad family", socket(99, SOCK_STREAM, 0));
    say_status("bad kind", socket(AF_INET, 99, 0));
    say_status("bad protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    int ends[2];
    must(pipe(ends) == 0);
    say_status("not a socket", listen(ends[0], 1));
    say_status("bad fd", listen(999, 1));
    return 0;
}
