// Eight threads pass a barrier fifty times; exactly one of them is the serial one each time.
// variants: dynamic musl
#include "../conformance.h"

static pthread_barrier_t barrier;
static int arrived[50], serial[50], early;

static void *run(void *argument) {
    (void)argument;
    for (int round = 0; round < 50; round++) {
        __atomic_add_fetch(&arrived[round], 1, __ATOMIC_SEQ_CST);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_add_fetch(&serial[round], 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&arrived[round], __ATOMIC_SEQ_CST) != 8) early = 1;
    }
    return NULL;
}

int main(void) {
    must(pthread_barrier_init(&barrier, NULL, 8) == 0);
    pthread_t threads[8];
    for (int index = 0; index < 8; index++) must(pthread_create(&threads[index], NULL, run, NULL) == 0);
    for (int index = 0; index < 8; index++) pthread_join(threads[index], NULL);
    int wrong = 0;
    for (int round = 0; round < 50; round++) wrong += serial[round] != 1;
    say("rounds with another number of serial threads than one: %d\n", wrong);
    say_truth("a thread passed early", early);
    return 0;
}
