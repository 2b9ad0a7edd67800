// FUTEX_WAKE_BITSET wakes only waiters whose mask shares a bit with the waker's.
// variants: dynamic static
#include "futex.h"

static uint32_t word;
static int done[2];

static void *wait_for_bit(void *argument) {
    long bit = (long)argument;
    while (futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 1u << bit) != 0) must(errno == EINTR);
    __atomic_store_n(&done[bit], 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void wake_bit(int bit) {
    while (futex(&word, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, 1u << bit) == 0) sched_yield();
    while (!__atomic_load_n(&done[bit], __ATOMIC_SEQ_CST)) sched_yield();
}

int main(void) {
    pthread_t threads[2];
    for (long index = 0; index < 2; index++) must(pthread_create(&threads[index], NULL, wait_for_bit, (void *)index) == 0);
    wake_bit(1);
    say("bit 0 done: %d, bit 1 done: %d\n", done[0], done[1]);
    say_value("wake bit 2", futex(&word, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, 4));
    wake_bit(0);
    say("bit 0 done: %d, bit 1 done: %d\n", done[0], done[1]);
    for (int index = 0; index < 2; index++) pthread_join(threads[index], NULL);
    return 0;
}
