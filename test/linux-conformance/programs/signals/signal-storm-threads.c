// Threads bombard each other with signals while they compute; every result is right and nothing hangs.
// variants: dynamic static
#include "../conformance.h"

enum { THREADS = 4, KILLS = 500 };
static pthread_t threads[THREADS];
static pthread_barrier_t barrier;
static long handled;

static void handler(int number) {
    (void)number;
    __atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
}

static void *body(void *argument) {
    long self = (long)argument;
    pthread_barrier_wait(&barrier);
    double sum = 0;
    for (int round = 0; round < KILLS; round++) {
        must(pthread_kill(threads[(self + round) % THREADS], SIGUSR1) == 0);
        for (int step = 1; step <= 100; step++) sum += step * 0.5;
    }
    pthread_barrier_wait(&barrier);
    say(sum == KILLS * 2525.0 ? "" : "sum is wrong\n");
    return NULL;
}

int main(void) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (long index = 0; index < THREADS; index++) must(pthread_create(&threads[index], NULL, body, (void *)index) == 0);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    for (int index = 0; index < THREADS; index++) pthread_join(threads[index], NULL);
    say_truth("signals handled", handled > 0 && handled <= THREADS * KILLS);
    return 0;
}
