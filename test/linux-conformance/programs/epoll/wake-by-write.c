// Threads that sleep in poll, select and epoll_wait are woken by a write from another thread.
// variants: dynamic musl
#include "../conformance.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static void *write_later(void *fd) {
    wait_until_asleep(getpid());
    must(write((int)(long)fd, "x", 1) == 1);
    return NULL;
}

int main(void) {
    for (int kind = 0; kind < 3; kind++) {
        int ends[2];
        must(pipe(ends) == 0);
        pthread_t thread;
        must(pthread_create(&thread, NULL, write_later, (void *)(long)ends[1]) == 0);
        if (kind == 0) {
            struct pollfd entry = {.fd = ends[0], .events = POLLIN};
            say("poll %d\n", poll(&entry, 1, -1));
        } else if (kind == 1) {
            fd_set set;
            FD_ZERO(&set);
            FD_SET(ends[0], &set);
            say("select %d\n", select(ends[0] + 1, &set, NULL, NULL, NULL));
        } else {
            int epoll = epoll_create1(0);
            struct epoll_event event = {.events = EPOLLIN};
            must(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) == 0);
            say("epoll %d\n", epoll_wait(epoll, &event, 1, -1));
        }
        pthread_join(thread, NULL);
        close(ends[0]);
        close(ends[1]);
    }
    return 0;
}
