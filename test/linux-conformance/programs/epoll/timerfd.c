// timerfd: one shot, periodic counts, absolute time, reading back, cancel by setting, and errors.
// variants: dynamic static musl
#include "../conformance.h"
#include <poll.h>
#include <sys/timerfd.h>

int main(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    must(fd >= 0);
    uint64_t count = 0;
    say_status("not set", read(fd, &count, 8));
    struct itimerspec time = {.it_value = {0, 10000000}}, now;
    say_status("set", timerfd_settime(fd, 0, &time, NULL));
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    say("poll %d\n", poll(&entry, 1, 5000));
    say_value("read", read(fd, &count, 8));
    say("count %lu\n", (unsigned long)count);
    say_status("read again", read(fd, &count, 8));
    time.it_interval.tv_nsec = 2000000;
    time.it_value.tv_nsec = 2000000;
    must(timerfd_settime(fd, 0, &time, NULL) == 0);
    usleep(30000);
    must(read(fd, &count, 8) == 8);
    say_truth("periodic count at least 10", count >= 10);
    must(timerfd_gettime(fd, &now) == 0);
    say("interval %ld ns\n", now.it_interval.tv_nsec);
    struct itimerspec off = {0};
    say_status("off", timerfd_settime(fd, 0, &off, &now));
    say("former interval %ld ns\n", now.it_interval.tv_nsec);
    say("poll after off %d\n", poll(&entry, 1, 20));
    int absolute = timerfd_create(CLOCK_REALTIME, 0);
    struct timespec when;
    clock_gettime(CLOCK_REALTIME, &when);
    time = (struct itimerspec){.it_value = when};
    must(timerfd_settime(absolute, TFD_TIMER_ABSTIME, &time, NULL) == 0);
    say_value("past absolute time fires at once", read(absolute, &count, 8));
    say_status("short read", read(absolute, &count, 4));
    time.it_value.tv_nsec = 1000000000;
    say_status("bad nanoseconds", timerfd_settime(fd, 0, &time, NULL));
    say_status("bad clock", timerfd_create(99, 0));
    say_status("bad flags", timerfd_create(CLOCK_MONOTONIC, 0x1000000));
    return 0;
}
