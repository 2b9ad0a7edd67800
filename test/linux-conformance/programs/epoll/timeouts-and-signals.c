// epoll_wait waits as long as told, ends with EINTR on a signal, and epoll_pwait swaps the mask atomically.
// variants: dynamic musl
#include "../conformance.h"
#include <sys/epoll.h>
#include <sys/time.h>

static volatile int caught;
static void handler(int number) { caught = number; }

int main(void) {
    int epoll = epoll_create1(0);
    struct epoll_event event;
    int64_t start = monotonic_ns();
    say("timed out %d\n", epoll_wait(epoll, &event, 1, 30));
    say_truth("not too early", monotonic_ns() - start >= 30000000);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {.it_value = {0, 10000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    say_status("interrupted", epoll_wait(epoll, &event, 1, -1));
    sigset_t block, old;
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, &old);
    raise(SIGALRM);
    caught = 0;
    say("blocked: %d", epoll_wait(epoll, &event, 1, 0));
    say(", caught %d\n", caught);
    say_status("pwait opens the mask", epoll_pwait(epoll, &event, 1, 10000, &old));
    say("caught %d\n", caught);
    return 0;
}
