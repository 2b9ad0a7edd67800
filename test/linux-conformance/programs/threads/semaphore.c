// A semaphore hands a token round four threads in order.
// variants: dynamic musl
#include "../conformance.h"
#include <semaphore.h>

static sem_t turns[4];
static char order[4 * 10 + 1];
static int position;

static void *play(void *argument) {
    long self = (long)argument;
    for (int round = 0; round < 10; round++) {
        while (sem_wait(&turns[self]) != 0) must(errno == EINTR);
        order[position++] = (char)('a' + self);
        sem_post(&turns[(self + 1) % 4]);
    }
    return NULL;
}

int main(void) {
    for (int index = 0; index < 4; index++) sem_init(&turns[index], 0, 0);
    pthread_t threads[4];
    for (long index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, play, (void *)index) == 0);
    sem_post(&turns[0]);
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    say("%s\n", order);
    int left;
    sem_getvalue(&turns[0], &left);
    say("left %d\n", left);
    return 0;
}
