// eventfd counts, semaphores, overflow, non-blocking answers and blocking hand-over between threads.
// variants: dynamic static musl
#include "../conformance.h"
#include <poll.h>
#include <sys/eventfd.h>

static void *add_later(void *fd) {
    wait_until_asleep(getpid());
    eventfd_write((int)(long)fd, 5);
    return NULL;
}

int main(void) {
    int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    uint64_t value = 4;
    say_value("write", write(fd, &value, 8));
    say_value("read", read(fd, &value, 8));
    say("value %lu\n", (unsigned long)value);
    say_status("read empty", read(fd, &value, 8));
    value = 0xfffffffffffffffe;
    say_status("write max", write(fd, &value, 8));
    value = 1;
    say_status("write over max", write(fd, &value, 8));
    struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT};
    say("poll %d", poll(&entry, 1, 0));
    say(" in %d out %d\n", !!(entry.revents & POLLIN), !!(entry.revents & POLLOUT));
    value = 0xffffffffffffffff;
    say_status("write all ones", write(fd, &value, 8));
    say_status("short read", read(fd, &value, 4));
    int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    for (int round = 0; round < 3; round++) {
        long got = read(semaphore, &value, 8);
        say("semaphore read %ld value %lu\n", got, got < 0 ? 0 : (unsigned long)value);
    }
    int blocking = eventfd(0, 0);
    pthread_t thread;
    must(pthread_create(&thread, NULL, add_later, (void *)(long)blocking) == 0);
    say_value("blocking read", read(blocking, &value, 8));
    say("value %lu\n", (unsigned long)value);
    pthread_join(thread, NULL);
    say_status("bad flags", eventfd(0, 0x1000000));
    return 0;
}
