// FUTEX_WAKE wakes as many waiters as asked for, and says how many.
// variants: dynamic static musl
#include "futex.h"

static uint32_t word;
static int sleeping, woken;

static void *wait_here(void *argument) {
    (void)argument;
    __atomic_add_fetch(&sleeping, 1, __ATOMIC_SEQ_CST);
    while (futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) != 0) must(errno == EINTR);
    __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/// Wakes until `count` waiters were woken: a thread that counted itself may not yet sleep.
static long wake(long count) {
    long total = 0;
    while (total < count) {
        long now = futex(&word, FUTEX_WAKE_PRIVATE, (uint32_t)(count - total), NULL, NULL, 0);
        must(now >= 0 && total + now <= count);
        total += now;
        if (now == 0) sched_yield();
    }
    return total;
}

int main(void) {
    pthread_t threads[6];
    for (int index = 0; index < 6; index++) must(pthread_create(&threads[index], NULL, wait_here, NULL) == 0);
    while (__atomic_load_n(&sleeping, __ATOMIC_SEQ_CST) < 6) sched_yield();
    say("woke %ld\n", wake(1));
    say("woke %ld\n", wake(2));
    while (__atomic_load_n(&woken, __ATOMIC_SEQ_CST) < 3) sched_yield();
    say("running again: %d\n", __atomic_load_n(&woken, __ATOMIC_SEQ_CST));
    say("woke %ld\n", wake(3));
    for (int index = 0; index < 6; index++) pthread_join(threads[index], NULL);
    say_value("woke in the end", futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
    return 0;
}
