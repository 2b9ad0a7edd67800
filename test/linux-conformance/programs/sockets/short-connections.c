// Five hundred connections one after the other, four clients at a time, each with a request and an answer.
// variants: dynamic static
#include "sockets.h"

static int port;

static void *serve(void *argument) {
    for (int index = 0; index < 500; index++) {
        int fd = accept((int)(long)argument, NULL, NULL);
        must(fd >= 0);
        char text[16];
        ssize_t got = recv(fd, text, sizeof text, 0);
        must(got == 4);
        must(send(fd, "pong", 4, 0) == 4);
        close(fd);
    }
    return NULL;
}

static void *call(void *argument) {
    (void)argument;
    for (int index = 0; index < 125; index++) {
        int fd = connected_to(SOCK_STREAM, port);
        char text[16];
        must(send(fd, "ping", 4, 0) == 4);
        must(recv(fd, text, 4, MSG_WAITALL) == 4 && memcmp(text, "pong", 4) == 0);
        must(recv(fd, text, 1, 0) == 0);
        close(fd);
    }
    return NULL;
}

int main(void) {
    int listener = bound_socket(SOCK_STREAM, 64);
    port = port_of(listener);
    pthread_t threads[5];
    must(pthread_create(&threads[0], NULL, serve, (void *)(long)listener) == 0);
    for (int index = 1; index < 5; index++) must(pthread_create(&threads[index], NULL, call, NULL) == 0);
    for (int index = 0; index < 5; index++) pthread_join(threads[index], NULL);
    say("500 connections\n");
    return 0;
}
