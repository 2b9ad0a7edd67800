// A signal to the process goes to a thread that does not block it.
// variants: dynamic musl
#include "../conformance.h"
#include <semaphore.h>

static sem_t ready, handled;
static pthread_t open_thread;

static void handler(int number) {
    (void)number;
    say_truth("in the open thread", pthread_equal(pthread_self(), open_thread));
    sem_post(&handled);
}

static volatile int stop;
static void *body(void *argument) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(argument ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
    sem_post(&ready);
    while (!stop) usleep(1000);
    return NULL;
}

int main(void) {
    sem_init(&ready, 0, 0);
    sem_init(&handled, 0, 0);
    signal(SIGUSR1, handler);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_t closed[2];
    for (int index = 0; index < 2; index++) must(pthread_create(&closed[index], NULL, body, NULL) == 0);
    must(pthread_create(&open_thread, NULL, body, "open") == 0);
    for (int index = 0; index < 3; index++) sem_wait(&ready);
    for (int round = 0; round < 5; round++) {
        kill(getpid(), SIGUSR1);
        while (sem_wait(&handled) != 0) continue;
    }
    stop = 1;
    for (int index = 0; index < 2; index++) pthread_join(closed[index], NULL);
    pthread_join(open_thread, NULL);
    return 0;
}
