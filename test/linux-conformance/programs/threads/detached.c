// Detached threads run to their end without a join; the last one posts the semaphore.
// variants: dynamic musl
#include "../conformance.h"
#include <semaphore.h>

static sem_t done;

static void *work(void *argument) {
    (void)argument;
    sem_post(&done);
    return NULL;
}

int main(void) {
    must(sem_init(&done, 0, 0) == 0);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int index = 0; index < 20; index++) {
        pthread_t thread;
        must(pthread_create(&thread, index % 2 ? &attributes : NULL, work, NULL) == 0);
        if (index % 2 == 0) must(pthread_detach(thread) == 0);
    }
    for (int index = 0; index < 20; index++) must(sem_wait(&done) == 0);
    int left;
    sem_getvalue(&done, &left);
    say("20 threads ended, %d posts left\n", left);
    return 0;
}
