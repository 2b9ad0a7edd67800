// Two producers and two consumers share a bounded queue under a mutex and two condition variables.
// variants: dynamic static musl
#include "../conformance.h"

enum { CAPACITY = 4, ITEMS = 5000 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static long queue[CAPACITY], count, sum, taken, overflow;

static void *produce(void *argument) {
    for (long index = 1; index <= ITEMS; index++) {
        pthread_mutex_lock(&lock);
        while (count == CAPACITY) pthread_cond_wait(&not_full, &lock);
        queue[count++] = index * (long)argument;
        if (count > CAPACITY) overflow = 1;
        pthread_cond_signal(&not_empty);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *consume(void *argument) {
    (void)argument;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (count == 0 && taken < 2 * ITEMS) pthread_cond_wait(&not_empty, &lock);
        if (taken == 2 * ITEMS) {
            pthread_mutex_unlock(&lock);
            return NULL;
        }
        sum += queue[--count];
        if (++taken == 2 * ITEMS) pthread_cond_broadcast(&not_empty);
        pthread_cond_signal(&not_full);
        pthread_mutex_unlock(&lock);
    }
}

int main(void) {
    pthread_t threads[4];
    must(pthread_create(&threads[0], NULL, consume, NULL) == 0);
    must(pthread_create(&threads[1], NULL, consume, NULL) == 0);
    must(pthread_create(&threads[2], NULL, produce, (void *)1) == 0);
    must(pthread_create(&threads[3], NULL, produce, (void *)1000) == 0);
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    say("taken %ld, sum %ld, overflow %ld, left %ld\n", taken, sum, overflow, count);
    return 0;
}
