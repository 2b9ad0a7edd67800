// Eight threads add to one counter under a mutex, and to another one with an atomic.
// variants: dynamic static musl
#include "../conformance.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter, atomic_counter;

static void *add(void *argument) {
    (void)argument;
    for (int index = 0; index < 20000; index++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
        __atomic_add_fetch(&atomic_counter, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[8];
    for (int index = 0; index < 8; index++) must(pthread_create(&threads[index], NULL, add, NULL) == 0);
    for (int index = 0; index < 8; index++) pthread_join(threads[index], NULL);
    say("mutex %ld, atomic %ld\n", counter, atomic_counter);
    return 0;
}
