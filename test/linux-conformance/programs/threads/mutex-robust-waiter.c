// A thread that sleeps on a robust mutex is woken by the kernel when the owner ends (set_robust_list(2)).
// variants: dynamic musl
#include "../conformance.h"
#include <semaphore.h>

static pthread_mutex_t mutex;
static sem_t locked;

static void *own(void *argument) {
    (void)argument;
    must(pthread_mutex_lock(&mutex) == 0);
    sem_post(&locked);
    wait_until_asleep(getpid());
    return NULL;
}

int main(void) {
    sem_init(&locked, 0, 0);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    must(pthread_mutex_init(&mutex, &attributes) == 0);
    pthread_t thread;
    must(pthread_create(&thread, NULL, own, NULL) == 0);
    sem_wait(&locked);
    say("waiter got: %s\n", errno_name(pthread_mutex_lock(&mutex)));
    pthread_join(thread, NULL);
    return 0;
}
