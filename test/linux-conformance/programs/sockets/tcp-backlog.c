// Connections wait in the backlog before accept, with data already sent, and are handed out in order.
// variants: dynamic static
#include "sockets.h"

int main(void) {
    int listener = bound_socket(SOCK_STREAM, 20), clients[10];
    for (int index = 0; index < 10; index++) {
        clients[index] = connected_to(SOCK_STREAM, port_of(listener));
        char digit = (char)('0' + index);
        must(send(clients[index], &digit, 1, 0) == 1);
    }
    for (int index = 0; index < 10; index++) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        int fd = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        must(fd >= 0);
        wait_for(fd, POLLIN);
        char digit;
        must(recv(fd, &digit, 1, 0) == 1);
        say("%c, port right %d, flags %d %d\n", digit, ntohs(peer.sin_port) == port_of(clients[index]),
            !!(fcntl(fd, F_GETFL) & O_NONBLOCK), fcntl(fd, F_GETFD));
        close(fd);
    }
    return 0;
}
