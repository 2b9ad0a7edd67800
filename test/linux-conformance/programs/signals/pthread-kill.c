// pthread_kill reaches the chosen thread, with that thread's own mask; signal 0 only checks.
// variants: dynamic musl
#include "../conformance.h"
#include <semaphore.h>

static sem_t ready, handled;
static __thread int self;

static void handler(int number) {
    say("thread %d got %d\n", self, number);
    sem_post(&handled);
}

static volatile int stop;

static void *body(void *argument) {
    self = (int)(long)argument;
    sem_post(&ready);
    while (!stop) usleep(1000);
    return NULL;
}

int main(void) {
    sem_init(&ready, 0, 0);
    sem_init(&handled, 0, 0);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pthread_t threads[3];
    for (long index = 0; index < 3; index++) must(pthread_create(&threads[index], NULL, body, (void *)(index + 1)) == 0);
    for (int index = 0; index < 3; index++) sem_wait(&ready);
    for (int index = 2; index >= 0; index--) {
        must(pthread_kill(threads[index], SIGUSR1) == 0);
        while (sem_wait(&handled) != 0) continue;
    }
    say("check: %s\n", errno_name(pthread_kill(threads[0], 0)));
    say("bad signal: %s\n", errno_name(pthread_kill(threads[0], 99)));
    stop = 1;
    for (int index = 0; index < 3; index++) pthread_join(threads[index], NULL);
    return 0;
}
