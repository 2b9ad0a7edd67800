// An epoll inside another one, and poll on an epoll, show the inner readiness; loops are refused.
// variants: dynamic static
#include "../conformance.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

int main(void) {
    int inner = epoll_create1(0), outer = epoll_create1(0), event = eventfd(0, EFD_NONBLOCK);
    struct epoll_event want = {.events = EPOLLIN, .data.u32 = 7}, got;
    must(epoll_ctl(inner, EPOLL_CTL_ADD, event, &want) == 0);
    want.data.u32 = 8;
    must(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &want) == 0);
    struct pollfd entry = {.fd = outer, .events = POLLIN};
    say("outer %d, poll %d\n", epoll_wait(outer, &got, 1, 0), poll(&entry, 1, 0));
    eventfd_write(event, 1);
    say("poll %d\n", poll(&entry, 1, 1000));
    say("outer %d", epoll_wait(outer, &got, 1, 1000));
    say(", data %u\n", got.data.u32);
    say("inner %d", epoll_wait(inner, &got, 1, 1000));
    say(", data %u\n", got.data.u32);
    eventfd_t value;
    eventfd_read(event, &value);
    say("after the read: outer %d, poll %d\n", epoll_wait(outer, &got, 1, 0), poll(&entry, 1, 0));
    say_status("loop", epoll_ctl(inner, EPOLL_CTL_ADD, outer, &want));
    return 0;
}
