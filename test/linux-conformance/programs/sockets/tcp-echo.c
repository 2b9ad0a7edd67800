// A TCP server thread echoes lines of three clients, one after the other, over loopback.
// variants: dynamic static static-pie musl
#include "sockets.h"

static void *serve(void *argument) {
    for (int client = 0; client < 3; client++) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        int fd = accept((int)(long)argument, (struct sockaddr *)&peer, &length);
        must(fd >= 0);
        say("peer on loopback %d, length %d\n", peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK), (int)length);
        char text[256];
        ssize_t got;
        while ((got = read(fd, text, sizeof text)) > 0) must(write(fd, text, (size_t)got) == got);
        say("client closed: %ld\n", (long)got);
        close(fd);
    }
    return NULL;
}

int main(void) {
    int listener = bound_socket(SOCK_STREAM, 5);
    pthread_t thread;
    must(pthread_create(&thread, NULL, serve, (void *)(long)listener) == 0);
    for (int client = 0; client < 3; client++) {
        int fd = connected_to(SOCK_STREAM, port_of(listener));
        for (int line = 0; line < 3; line++) {
            char text[64], back[64] = {0};
            int length = snprintf(text, sizeof text, "client %d line %d", client, line);
            must(send(fd, text, (size_t)length, 0) == length);
            must(recv(fd, back, (size_t)length, MSG_WAITALL) == length);
            must(strcmp(text, back) == 0);
        }
        shutdown(fd, SHUT_WR);
        char byte;
        must(read(fd, &byte, 1) == 0);
        close(fd);
    }
    pthread_join(thread, NULL);
    return 0;
}
