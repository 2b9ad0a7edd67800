// A mesh of pipes, socket pairs, eventfds and timerfds on shared epolls: every message arrives once and in order.
#include "stress.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

enum { channels = 16, writers = 3, pollers = 3, counters = 4, timers = 4 };

typedef struct {
    int in, out;               // read end, write end
    int edge;                  // EPOLLET
    atomic_int writing, reading;
    uint64_t sent, received;   // 8-byte sequence numbers, guarded by the flags above
    unsigned char rest[8];
    size_t rest_size;
} channel;

static channel all[channels];
static int counter_fds[counters];
static atomic_ulong added[counters], taken[counters];
static int timer_fds[timers];
static atomic_ulong ticks[timers];
static int epoll_fd, outer_epoll;
static atomic_int stop_writing, stop_reading;

enum { kind_channel = 0, kind_counter = 1, kind_timer = 2 };

static void watch(int fd, int kind, int index, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)kind << 32 | (uint64_t)index};
    must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void open_channel(channel *c, int index) {
    int ends[2];
    if (index % 3 == 0) {
        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    } else if (index % 3 == 1) {
        must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) == 0);
    } else {
        must(pipe2(ends, O_NONBLOCK) == 0);
    }
    c->in = ends[0];
    c->out = ends[1];
    c->edge = index % 2;
    watch(c->in, kind_channel, index, EPOLLIN | (c->edge ? EPOLLET : EPOLLONESHOT));
}

static void send_some(channel *c, random_source *r) {
    int free_before = 0;
    if (!atomic_compare_exchange_strong(&c->writing, &free_before, 1)) return;
    uint64_t numbers[32];
    const size_t count = 1 + below(r, 32);
    for (size_t index = 0; index < count; index++) numbers[index] = c->sent + index;
    const ssize_t wrote = write(c->out, numbers, count * 8);
    if (wrote < 0) must(errno == EAGAIN);
    else {
        must(wrote % 8 == 0);  // pipes and these sockets take whole pieces of this size, or the first part of them
        c->sent += (uint64_t)wrote / 8;
    }
    atomic_store(&c->writing, 0);
}

static void *write_on(void *argument) {
    random_source r = random_of((uint64_t)(intptr_t)argument);
    while (!atomic_load(&stop_writing)) {
        send_some(&all[below(&r, channels)], &r);
        if (!below(&r, 4)) {
            const int index = (int)below(&r, counters);
            const uint64_t amount = 1 + below(&r, 9);
            must(write(counter_fds[index], &amount, 8) == 8);
            atomic_fetch_add(&added[index], amount);
        }
        if (!below(&r, 50)) {
            const struct itimerspec soon = {{0, (long)below(&r, 2) * 700000}, {0, 1 + (long)below(&r, 900000)}};
            must(timerfd_settime(timer_fds[below(&r, timers)], 0, &soon, NULL) == 0);
        }
        if (!below(&r, 8)) sched_yield();
    }
    return NULL;
}

static void take_bytes(channel *c, const unsigned char *bytes, size_t size) {
    for (size_t at = 0; at < size;) {
        const size_t piece = 8 - c->rest_size < size - at ? 8 - c->rest_size : size - at;
        memcpy(c->rest + c->rest_size, bytes + at, piece);
        c->rest_size += piece;
        at += piece;
        if (c->rest_size < 8) break;
        uint64_t number;
        memcpy(&number, c->rest, 8);
        must_say(number == c->received, "channel %ld: number %lu instead of %lu", (long)(c - all), number, c->received);
        c->received++;
        c->rest_size = 0;
    }
}

/// Reads until EAGAIN. Edge-triggered events may reach two threads: whoever comes second leaves a note for the first.
static void drain(channel *c) {
    if (atomic_fetch_add(&c->reading, 1) != 0) return;
    int notes = 1;
    do {
        notes = atomic_load(&c->reading);
        for (;;) {
            unsigned char bytes[777];
            const ssize_t got = read(c->in, bytes, sizeof bytes);
            if (got < 0) {
                must(errno == EAGAIN);
                break;
            }
            must(got > 0);
            take_bytes(c, bytes, (size_t)got);
        }
    } while (!atomic_compare_exchange_strong(&c->reading, &notes, 0));
    if (!c->edge) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = (uint64_t)(c - all)};
        must(epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->in, &event) == 0);
    }
}

static void take(uint64_t data) {
    const int index = (int)(data & 0xffffffff);
    uint64_t value;
    switch (data >> 32) {
        case kind_channel: return drain(&all[index]);
        case kind_counter:
            if (read(counter_fds[index], &value, 8) == 8) atomic_fetch_add(&taken[index], value);
            else must(errno == EAGAIN);
            return;
        default:
            if (read(timer_fds[index], &value, 8) == 8) atomic_fetch_add(&ticks[index], value);
            else must(errno == EAGAIN);
    }
}

static void *poll_on(void *argument) {
    const int through_outer = (intptr_t)argument == 0;
    while (!atomic_load(&stop_reading)) {
        struct epoll_event events[8];
        if (through_outer) {  // an epoll inside an epoll
            struct epoll_event one;
            const int count = epoll_wait(outer_epoll, &one, 1, 20);
            must(count >= 0);
            if (count == 0) continue;
        }
        const int count = epoll_wait(epoll_fd, events, 8, through_outer ? 0 : 20);
        must(count >= 0);
        for (int index = 0; index < count; index++) take(events[index].data.u64);
    }
    return NULL;
}

static int all_arrived(void) {
    for (int index = 0; index < channels; index++)
        if (__atomic_load_n(&all[index].received, __ATOMIC_RELAXED) != all[index].sent) return 0;
    for (int index = 0; index < counters; index++)
        if (atomic_load(&taken[index]) != atomic_load(&added[index])) return 0;
    return 1;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    outer_epoll = epoll_create1(EPOLL_CLOEXEC);
    must(epoll_fd >= 0 && outer_epoll >= 0);
    struct epoll_event inner = {.events = EPOLLIN};
    must(epoll_ctl(outer_epoll, EPOLL_CTL_ADD, epoll_fd, &inner) == 0);
    for (int index = 0; index < channels; index++) open_channel(&all[index], index);
    for (int index = 0; index < counters; index++) {
        must((counter_fds[index] = eventfd(0, EFD_NONBLOCK)) >= 0);
        watch(counter_fds[index], kind_counter, index, EPOLLIN);
    }
    for (int index = 0; index < timers; index++) {
        must((timer_fds[index] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) >= 0);
        watch(timer_fds[index], kind_timer, index, EPOLLIN);
        const struct itimerspec soon = {{0, 500000}, {0, 1}};
        must(timerfd_settime(timer_fds[index], 0, &soon, NULL) == 0);
    }
    pthread_t threads[writers + pollers];
    for (intptr_t index = 0; index < writers; index++) must(pthread_create(&threads[index], NULL, write_on, (void *)index) == 0);
    for (intptr_t index = 0; index < pollers; index++)
        must(pthread_create(&threads[writers + index], NULL, poll_on, (void *)index) == 0);
    while (!time_is_up()) usleep(5000);
    atomic_store(&stop_writing, 1);
    for (int index = 0; index < writers; index++) must(pthread_join(threads[index], NULL) == 0);
    const int64_t patience = now_ms() + 20000;
    while (!all_arrived()) {
        for (int index = 0; index < channels; index++)
            must_say(now_ms() < patience, "channel %d: %lu sent, %lu received", index, all[index].sent, all[index].received);
        usleep(1000);
    }
    atomic_store(&stop_reading, 1);
    for (int index = 0; index < pollers; index++) must(pthread_join(threads[writers + index], NULL) == 0);
    uint64_t total = 0;
    for (int index = 0; index < channels; index++) total += all[index].received;
    must(total > 0 && atomic_load(&ticks[0]) > 0);
    finish("event-mesh");
    return 0;
}
