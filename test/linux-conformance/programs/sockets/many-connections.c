// Two hundred connections at once through one epoll loop: each sends, gets its answer and ends.
// variants: dynamic static musl
#include "sockets.h"
#include <sys/epoll.h>

enum { CONNECTIONS = 200 };

static void *serve(void *argument) {
    int listener = (int)(long)argument, epoll = epoll_create1(0), open_count = 0, accepted = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[32];
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0);
    while (accepted < CONNECTIONS || open_count > 0) {
        int count = epoll_wait(epoll, events, 32, -1);
        for (int index = 0; index < count; index++) {
            int fd = events[index].data.fd;
            if (fd == listener) {
                fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                must(fd >= 0);
                event = (struct epoll_event){.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
                must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
                accepted++, open_count++;
                continue;
            }
            long number;
            ssize_t got = read(fd, &number, sizeof number);
            if (got == 0) {
                close(fd);
                open_count--;
                continue;
            }
            must(got == sizeof number);
            number = number * 2 + 1;
            must(write(fd, &number, sizeof number) == sizeof number);
        }
    }
    return NULL;
}

int main(void) {
    int listener = bound_socket(SOCK_STREAM, CONNECTIONS), clients[CONNECTIONS];
    pthread_t thread;
    must(pthread_create(&thread, NULL, serve, (void *)(long)listener) == 0);
    for (int index = 0; index < CONNECTIONS; index++) clients[index] = connected_to(SOCK_STREAM, port_of(listener));
    long sum = 0;
    for (int round = 0; round < 3; round++) {
        for (long index = 0; index < CONNECTIONS; index++) must(write(clients[index], &index, sizeof index) == sizeof index);
        for (int index = 0; index < CONNECTIONS; index++) {
            long answer;
            must(recv(clients[index], &answer, sizeof answer, MSG_WAITALL) == sizeof answer);
            must(answer == 2 * index + 1);
            sum += answer;
        }
    }
    for (int index = 0; index < CONNECTIONS; index++) close(clients[index]);
    pthread_join(thread, NULL);
    say("sum %ld\n", sum);
    return 0;
}
