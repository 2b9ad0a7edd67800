// FUTEX_REQUEUE from a word to itself counts its waiters, ends, and leaves them where they are.
// variants: static
#include "futex.h"

static uint32_t word;

static void *wait_here(void *argument) {
    __atomic_store_n((pid_t *)argument, gettid(), __ATOMIC_SEQ_CST);
    while (futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) != 0) must(errno == EINTR);
    return NULL;
}

int main(void) {
    pthread_t threads[3];
    pid_t ids[3] = {0};
    for (int index = 0; index < 3; index++) {
        must(pthread_create(&threads[index], NULL, wait_here, &ids[index]) == 0);
        while (__atomic_load_n(&ids[index], __ATOMIC_SEQ_CST) == 0) sched_yield();
        wait_until_asleep(ids[index]);
    }
    say_value("all", futex(&word, FUTEX_REQUEUE_PRIVATE, 0, (void *)(long)INT_MAX, &word, 0));
    say_value("two", futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)2L, &word, 0));
    say_value("wake one, move the rest", futex(&word, FUTEX_REQUEUE_PRIVATE, 1, (void *)(long)INT_MAX, &word, 0));
    say_value("wake", futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
    for (int index = 0; index < 3; index++) pthread_join(threads[index], NULL);
    return 0;
}
