// A port with connections in TIME_WAIT binds again with SO_REUSEADDR, as servers do when they restart.
// variants: dynamic static
#include "sockets.h"

int main(void) {
    int port = 0;
    for (int round = 0; round < 5; round++) {
        int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
        must(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
        struct sockaddr_in address = loopback(port);
        say_status("bind", bind(listener, (struct sockaddr *)&address, sizeof address));
        say_status("listen", listen(listener, 5));
        port = port_of(listener);
        int client = connected_to(SOCK_STREAM, port), server = accept(listener, NULL, NULL);
        must(server >= 0);
        // The server closes first: its side holds TIME_WAIT.
        close(server);
        char byte;
        must(recv(client, &byte, 1, 0) == 0);
        close(client);
        close(listener);
    }
    return 0;
}
