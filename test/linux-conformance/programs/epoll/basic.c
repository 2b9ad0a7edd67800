// epoll over a pipe and an eventfd: readiness, user data, modification, removal and errors.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int epoll;

static void show(const char *label) {
    struct epoll_event events[8];
    int count = epoll_wait(epoll, events, 8, 0);
    unsigned long sum = 0;
    uint32_t flags = 0;
    for (int index = 0; index < count; index++) sum += events[index].data.u64, flags |= events[index].events;
    say("%s: %d events, data sum %lu, flags %s%s%s\n", label, count, sum, flags & EPOLLIN ? "IN " : "",
        flags & EPOLLOUT ? "OUT " : "", flags & EPOLLHUP ? "HUP " : "");
}

int main(void) {
    int ends[2], event = eventfd(0, 0);
    must(pipe(ends) == 0);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    must(epoll >= 0);
    say("close on exec %d\n", fcntl(epoll, F_GETFD));
    struct epoll_event want = {.events = EPOLLIN, .data.u64 = 1};
    say_status("add pipe", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &want));
    want.data.u64 = 1ul << 40;
    say_status("add eventfd", epoll_ctl(epoll, EPOLL_CTL_ADD, event, &want));
    say_status("add again", epoll_ctl(epoll, EPOLL_CTL_ADD, event, &want));
    show("nothing ready");
    must(write(ends[1], "abc", 3) == 3);
    show("pipe ready");
    show("still, level-triggered");
    eventfd_write(event, 1);
    show("both");
    want = (struct epoll_event){.events = EPOLLIN | EPOLLOUT, .data.u64 = 4};
    say_status("modify eventfd", epoll_ctl(epoll, EPOLL_CTL_MOD, event, &want));
    show("modified");
    say_status("delete eventfd", epoll_ctl(epoll, EPOLL_CTL_DEL, event, NULL));
    say_status("delete again", epoll_ctl(epoll, EPOLL_CTL_DEL, event, NULL));
    say_status("modify deleted", epoll_ctl(epoll, EPOLL_CTL_MOD, event, &want));
    char text[3];
    must(read(ends[0], text, 3) == 3);
    show("drained");
    close(ends[1]);
    show("writer closed");
    close(ends[0]);
    show("closed fd left by itself");
    int file = open("/etc/hosts", O_RDONLY);
    say_status("regular file", epoll_ctl(epoll, EPOLL_CTL_ADD, file, &want));
    say_status("itself", epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &want));
    say_status("bad fd", epoll_ctl(epoll, EPOLL_CTL_ADD, 999, &want));
    say_status("bad operation", epoll_ctl(epoll, 99, event, &want));
    struct epoll_event one;
    say_status("no room", epoll_wait(epoll, &one, 0, 0));
    say_status("not an epoll", epoll_wait(event, &one, 1, 0));
    say_status("create size 0", epoll_create(0));
    return 0;
}
