// A thread bound to CPU 0 runs there; an empty mask is refused; the mask reads back.
// variants: dynamic musl
#include "../conformance.h"

static void *spin_on_zero(void *argument) {
    (void)argument;
    int elsewhere = 0;
    for (int round = 0; round < 1000; round++) {
        elsewhere |= sched_getcpu() != 0;
        if (round % 100 == 0) sched_yield();
    }
    say_truth("seen on another CPU", elsewhere);
    return NULL;
}

int main(void) {
    cpu_set_t all, zero, none, back;
    CPU_ZERO(&all);
    CPU_ZERO(&zero);
    CPU_ZERO(&none);
    must(sched_getaffinity(0, sizeof all, &all) == 0);
    say_truth("CPU 0 allowed", CPU_ISSET(0, &all));
    say_truth("count matches sysconf", CPU_COUNT(&all) == sysconf(_SC_NPROCESSORS_ONLN));
    CPU_SET(0, &zero);
    say_status("bind to 0", sched_setaffinity(0, sizeof zero, &zero));
    must(sched_getaffinity(0, sizeof back, &back) == 0);
    say_truth("mask reads back", CPU_EQUAL(&zero, &back));
    say("on CPU %d\n", sched_getcpu());
    pthread_t thread;
    must(pthread_create(&thread, NULL, spin_on_zero, NULL) == 0);
    pthread_join(thread, NULL);
    say_status("empty mask", sched_setaffinity(0, sizeof none, &none));
    say_status("restore", sched_setaffinity(0, sizeof all, &all));
    return 0;
}
