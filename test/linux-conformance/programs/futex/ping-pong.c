// Two threads hand a token back and forth 5,000 times through one futex word each: no wake-up is lost.
// variants: dynamic static musl
#include "futex.h"

enum { ROUNDS = 5000 };
static uint32_t ping, pong;

static void wait_until(uint32_t *word, uint32_t value) {
    uint32_t now;
    while ((now = __atomic_load_n(word, __ATOMIC_SEQ_CST)) != value) futex(word, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static void post(uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    futex(word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *answer(void *argument) {
    (void)argument;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        wait_until(&ping, round);
        post(&pong, round);
    }
    return NULL;
}

int main(void) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, answer, NULL) == 0);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        post(&ping, round);
        wait_until(&pong, round);
    }
    pthread_join(thread, NULL);
    say("%u rounds\n", pong);
    return 0;
}
