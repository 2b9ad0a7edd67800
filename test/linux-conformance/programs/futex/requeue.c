// FUTEX_CMP_REQUEUE wakes some waiters and moves the rest to another word; a wrong value is EAGAIN.
// variants: dynamic static
#include "futex.h"

static uint32_t first, second;
static int woken;

static void *wait_here(void *argument) {
    (void)argument;
    while (futex(&first, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) != 0) must(errno == EINTR);
    __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

int main(void) {
    say_status("wrong value", futex(&first, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1L, &second, 99));
    pthread_t threads[4];
    for (int index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, wait_here, NULL) == 0);
    // Move them one by one as they fall asleep: with no wake, the answer counts the moved ones.
    long moved = 0;
    while (moved < 4) {
        long now = futex(&first, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)(long)INT_MAX, &second, 0);
        must(now >= 0);
        moved += now;
        if (now == 0) sched_yield();
    }
    say("moved %ld\n", moved);
    say_value("wake first word", futex(&first, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
    say_value("wake one on second", futex(&second, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    while (__atomic_load_n(&woken, __ATOMIC_SEQ_CST) < 1) sched_yield();
    say_value("wake one, move two back", futex(&second, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2L, &first, 0));
    say_value("wake on first", futex(&first, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    say("woken %d\n", woken);
    return 0;
}
