// SO_REUSEPORT lets two listeners share a port; each connection goes to one of them; without it the bind fails.
// variants: dynamic static
#include "sockets.h"

static int listen_on(int port, int share) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    if (share) must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0);
    struct sockaddr_in address = loopback(port);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) return -1;
    return listen(fd, 64) == 0 ? fd : -1;
}

int main(void) {
    int first = listen_on(0, 1), port = port_of(first);
    int second = listen_on(port, 1);
    say_status("second listener", second);
    say_status("third without the option", listen_on(port, 0));
    int accepted = 0, by_first = 0;
    for (int index = 0; index < 40; index++) {
        connected_to(SOCK_STREAM, port);
        struct pollfd entries[2] = {{.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}};
        must(poll(entries, 2, 5000) > 0);
        int fd = accept(entries[0].revents ? first : second, NULL, NULL);
        must(fd >= 0);
        by_first += entries[0].revents != 0;
        accepted++;
    }
    say("accepted %d\n", accepted);
    say_truth("both got some", by_first > 0 && by_first < 40);
    return 0;
}
