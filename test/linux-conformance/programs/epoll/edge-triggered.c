// EPOLLET reports each arrival once, also when old data is still unread; EPOLLONESHOT waits to be armed again.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/epoll.h>

static int epoll;
static int ready(void) {
    struct epoll_event event;
    return epoll_wait(epoll, &event, 1, 0);
}

int main(void) {
    int ends[2];
    must(pipe2(ends, O_NONBLOCK) == 0);
    epoll = epoll_create1(0);
    struct epoll_event want = {.events = EPOLLIN | EPOLLET};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &want) == 0);
    say("empty %d\n", ready());
    must(write(ends[1], "a", 1) == 1);
    say("after a write %d", ready());
    say(", again %d\n", ready());
    must(write(ends[1], "b", 1) == 1);
    say("after a second write %d", ready());
    say(", again %d\n", ready());
    char text[8];
    say("read %ld, ready %d\n", (long)read(ends[0], text, 1), ready());
    must(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &want) == 0);
    say("modified while readable %d", ready());
    say(", again %d\n", ready());
    say("drain %ld\n", (long)read(ends[0], text, 8));
    want.events = EPOLLIN | EPOLLONESHOT;
    must(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &want) == 0);
    must(write(ends[1], "c", 1) == 1);
    say("one shot %d", ready());
    say(", again %d", ready());
    must(write(ends[1], "d", 1) == 1);
    say(", after a write %d\n", ready());
    must(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &want) == 0);
    say("armed again %d\n", ready());
    return 0;
}
