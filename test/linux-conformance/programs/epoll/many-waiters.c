// Four threads wait on one epoll: each one-shot event is handled exactly once.
// variants: dynamic static musl
#include "../conformance.h"
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { FDS = 20, ROUNDS = 50 };
static int epoll, fds[FDS], stop_fd;
static long handled;
static sem_t all_handled;

static void *work(void *argument) {
    (void)argument;
    for (;;) {
        struct epoll_event event;
        if (epoll_wait(epoll, &event, 1, -1) != 1) continue;
        if (event.data.u32 == FDS) return NULL;
        eventfd_t value;
        must(eventfd_read(fds[event.data.u32], &value) == 0);
        if (__atomic_add_fetch(&handled, (long)value, __ATOMIC_SEQ_CST) == FDS * ROUNDS) sem_post(&all_handled);
        struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT, .data.u32 = event.data.u32};
        must(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[event.data.u32], &again) == 0);
    }
}

int main(void) {
    sem_init(&all_handled, 0, 0);
    epoll = epoll_create1(0);
    for (uint32_t index = 0; index < FDS; index++) {
        fds[index] = eventfd(0, EFD_NONBLOCK);
        struct epoll_event want = {.events = EPOLLIN | EPOLLONESHOT, .data.u32 = index};
        must(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[index], &want) == 0);
    }
    stop_fd = eventfd(0, 0);
    struct epoll_event want = {.events = EPOLLIN, .data.u32 = FDS};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, stop_fd, &want) == 0);
    pthread_t threads[4];
    for (int index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, work, NULL) == 0);
    for (int round = 0; round < ROUNDS; round++)
        for (int index = 0; index < FDS; index++) must(eventfd_write(fds[index], 1) == 0);
    sem_wait(&all_handled);
    eventfd_write(stop_fd, 1);
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    say("handled %ld\n", handled);
    return 0;
}
