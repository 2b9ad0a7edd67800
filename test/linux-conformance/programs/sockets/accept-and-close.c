// close and shutdown of a socket from another thread: accept and recv end; descriptors are used again, lowest first.
// variants: dynamic musl
#include "sockets.h"

static void *shut_later(void *fd) {
    wait_until_asleep(getpid());
    must(shutdown((int)(long)fd, SHUT_RDWR) == 0);
    return NULL;
}

int main(void) {
    int listener = bound_socket(SOCK_STREAM, 5), ends[2];
    pthread_t thread;
    must(pthread_create(&thread, NULL, shut_later, (void *)(long)listener) == 0);
    say_status("accept on a listener that is shut down", accept(listener, NULL, NULL));
    pthread_join(thread, NULL);
    tcp_pair(ends);
    must(pthread_create(&thread, NULL, shut_later, (void *)(long)ends[0]) == 0);
    char byte;
    say_value("recv on a socket that is shut down", recv(ends[0], &byte, 1, 0));
    pthread_join(thread, NULL);
    close(ends[0]);
    int first = socket(AF_INET, SOCK_STREAM, 0), second = socket(AF_INET, SOCK_STREAM, 0);
    say_truth("lowest numbers are used again", first < ends[0] && second == ends[0]);
    return 0;
}
