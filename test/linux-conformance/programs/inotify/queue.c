// inotify's queue: equal events become one, small buffers, FIONREAD, poll and epoll, blocked readers, a close meanwhile, overflow.
// variants: dynamic static musl
#include "inotify.h"
#include <sys/epoll.h>

static int waiting(void) {
    int bytes = -1;
    must(ioctl(inotify, FIONREAD, &bytes) == 0);
    return bytes;
}

static void touch(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    must(fd >= 0);
    close(fd);
}

static void coalescing(void) {
    int fd = open("d/file", O_WRONLY | O_CREAT, 0644);
    must(fd >= 0);
    int watch = watch_as("d", "d", IN_MODIFY | IN_ATTRIB);
    for (int round = 0; round < 5; round++) must(write(fd, "x", 1) == 1);
    say("five writes: %d bytes\n", waiting());
    must(fchmod(fd, 0600) == 0 && write(fd, "x", 1) == 1);
    say("with another event between: %d bytes\n", waiting());
    drain("they are");
    must(inotify_rm_watch(inotify, watch) == 0);
    close(fd);
    drain("removed");
}

static void small_buffers(void) {
    char buffer[256] __attribute__((aligned(8)));
    say_value("nothing there, no room", read(inotify, buffer, 0));
    int watch = inotify_add_watch(inotify, "d", IN_CREATE);
    must(watch > 0);
    touch("d/a");
    touch("d/a-name-of-twenty-chr");
    say("two events: %d bytes\n", waiting());
    say_value("no room", read(inotify, buffer, 0));
    say_value("room for the head alone", read(inotify, buffer, 31));
    say_value("room for the first", read(inotify, buffer, 32 + 47));
    say_value("room for more", read(inotify, buffer, sizeof buffer));
    say_value("empty", read(inotify, buffer, sizeof buffer));
    touch("d/b");
    say_value("bad address", read(inotify, (void *)8, 64));
    say_value("the event is lost", read(inotify, buffer, sizeof buffer));
    must(inotify_rm_watch(inotify, watch) == 0);
    say_value("ignored", read(inotify, buffer, sizeof buffer));
}

static void readiness(void) {
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = 7}, ready = {0};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, inotify, &event) == 0);
    struct pollfd poller = {.fd = inotify, .events = POLLIN | POLLOUT};
    say("empty: poll %d, epoll %d\n", poll(&poller, 1, 0), epoll_wait(epoll, &ready, 1, 0));
    int watch = inotify_add_watch(inotify, "d", IN_CREATE);
    touch("d/c");
    say("an event: poll %d (%x)", poll(&poller, 1, 0), (unsigned)poller.revents);
    say(", epoll %d", epoll_wait(epoll, &ready, 1, 0));
    say(" (%x)\n", ready.events);
    say("edge-triggered: %d\n", epoll_wait(epoll, &ready, 1, 0));
    touch("d/e");
    say("another event: %d\n", epoll_wait(epoll, &ready, 1, 0));
    must(inotify_rm_watch(inotify, watch) == 0);
    char buffer[512];
    must(read(inotify, buffer, sizeof buffer) > 0);
    say("read: poll %d\n", poll(&poller, 1, 0));
    close(epoll);
}

static void *blocked_reader(void *thread) {
    __atomic_store_n((pid_t *)thread, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    char buffer[512] __attribute__((aligned(8)));
    ssize_t got = read(inotify, buffer, sizeof buffer);
    say_value("the blocked reader got", got);
    for (char *at = buffer; at < buffer + got; at += sizeof(struct inotify_event) + ((struct inotify_event *)at)->len)
        say_event((struct inotify_event *)at);
    return NULL;
}

static pthread_t start_reader(void) {
    static pid_t number;
    number = 0;
    pthread_t thread;
    must(pthread_create(&thread, NULL, blocked_reader, &number) == 0);
    while (!__atomic_load_n(&number, __ATOMIC_SEQ_CST)) sched_yield();
    wait_until_asleep(number);
    return thread;
}

static void readers(void) {
    must(fcntl(inotify, F_SETFL, 0) == 0);
    watches[watch_count].label = "d again";
    watches[watch_count++].number = inotify_add_watch(inotify, "d", IN_DELETE);
    pthread_t thread = start_reader();
    must(unlink("d/a") == 0);
    must(pthread_join(thread, NULL) == 0);
    thread = start_reader();
    // The reader holds the instance: its watches go on until the call is over.
    close(inotify);
    must(unlink("d/b") == 0);
    must(pthread_join(thread, NULL) == 0);
    say_status("closed", inotify_add_watch(inotify, "d", IN_OPEN));
}

static void overflow(void) {
    char text[32];
    must(read_file("/proc/sys/fs/inotify/max_queued_events", text, sizeof text) > 0);
    long limit = atol(text), events = 0, other = 0;
    inotify = inotify_init1(IN_NONBLOCK);
    must(inotify >= 0 && inotify_add_watch(inotify, "d", IN_CREATE | IN_DELETE) > 0);
    for (long round = 0; round < limit / 2 + 10; round++) must(link("d/file", "d/other") == 0 && unlink("d/other") == 0);
    say_truth("the queue is full", waiting() == (limit + 1) * 16 + limit * 16);
    uint32_t last = 0;
    int last_watch = 0;
    for (;;) {
        char buffer[8192] __attribute__((aligned(8)));
        ssize_t got = read(inotify, buffer, sizeof buffer);
        if (got < 0) break;
        for (char *at = buffer; at < buffer + got;) {
            struct inotify_event *event = (struct inotify_event *)at;
            uint32_t wanted = events % 2 ? IN_DELETE : IN_CREATE;
            if (event->mask == wanted) events++;
            else other++;
            last = event->mask;
            last_watch = event->wd;
            at += sizeof *event + event->len;
        }
    }
    say("in order: %s, others: %ld\n", events == limit ? "all" : "not all", other);
    say("the last one is %s of watch %d\n", last == IN_Q_OVERFLOW ? "the overflow" : "something else", last_watch);
    touch("d/after");
    drain("after it");
    close(inotify);
}

static void many(void) {
    inotify = inotify_init1(IN_NONBLOCK);
    must(inotify >= 0);
    // A thousand watches on as many nodes end with their instance.
    for (int index = 0; index < 1000; index++) {
        char path[32];
        snprintf(path, sizeof path, "d/many%d", index);
        touch(path);
        must(inotify_add_watch(inotify, path, IN_DELETE_SELF) == index + 1);
    }
    close(inotify);
    must(unlink("d/many7") == 0);
    say_truth("gone", access("d/many7", F_OK) < 0);
}

int main(void) {
    enter_scratch_directory();
    must(mkdir("d", 0755) == 0);
    inotify = inotify_init1(IN_NONBLOCK);
    must(inotify >= 0);
    coalescing();
    small_buffers();
    readiness();
    readers();
    overflow();
    many();
    return 0;
}
