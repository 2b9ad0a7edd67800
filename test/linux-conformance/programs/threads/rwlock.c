// Many readers at once, writers alone: the two halves of a pair are never seen apart.
// variants: dynamic musl
#include "../conformance.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static volatile long first, second;
static int torn;

static void *read_pairs(void *argument) {
    (void)argument;
    for (int index = 0; index < 3000; index++) {
        pthread_rwlock_rdlock(&lock);
        if (first != second) torn = 1;
        pthread_rwlock_unlock(&lock);
    }
    return NULL;
}

static void *write_pairs(void *argument) {
    (void)argument;
    for (int index = 0; index < 1000; index++) {
        pthread_rwlock_wrlock(&lock);
        first++;
        sched_yield();
        second++;
        pthread_rwlock_unlock(&lock);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[6];
    for (int index = 0; index < 6; index++)
        must(pthread_create(&threads[index], NULL, index % 3 ? read_pairs : write_pairs, NULL) == 0);
    for (int index = 0; index < 6; index++) pthread_join(threads[index], NULL);
    say("first %ld, second %ld, torn %d\n", first, second, torn);
    pthread_rwlock_rdlock(&lock);
    say("write while read: %s\n", errno_name(pthread_rwlock_trywrlock(&lock)));
    say("read while read: %s\n", errno_name(pthread_rwlock_tryrdlock(&lock)));
    pthread_rwlock_unlock(&lock);
    pthread_rwlock_unlock(&lock);
    pthread_rwlock_wrlock(&lock);
    say("read while written: %s\n", errno_name(pthread_rwlock_tryrdlock(&lock)));
    return 0;
}
