// A thread that never yields cannot keep others from running, even on one CPU.
// variants: dynamic static musl
#include "../conformance.h"

static volatile int stop;
static volatile long spins;

static void *spin(void *argument) {
    (void)argument;
    while (!stop) spins++;
    return NULL;
}

int main(void) {
    pthread_t threads[3];
    cpu_set_t zero;
    CPU_ZERO(&zero);
    CPU_SET(0, &zero);
    must(sched_setaffinity(0, sizeof zero, &zero) == 0);
    for (int index = 0; index < 3; index++) must(pthread_create(&threads[index], NULL, spin, NULL) == 0);
    int64_t start = monotonic_ns();
    for (int index = 0; index < 5; index++) usleep(5000);
    stop = 1;
    for (int index = 0; index < 3; index++) pthread_join(threads[index], NULL);
    say_truth("spinners ran", spins > 0);
    say_truth("main came back in time", monotonic_ns() - start < 10000000000);
    return 0;
}
