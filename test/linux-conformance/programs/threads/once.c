// pthread_once runs its function exactly once, and everybody sees its effect.
// variants: dynamic musl
#include "../conformance.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int runs, ready, unready_seen;

static void initialise(void) {
    runs++;
    usleep(1000);
    ready = 1;
}

static void *body(void *argument) {
    (void)argument;
    pthread_once(&once, initialise);
    if (!ready) unready_seen = 1;
    return NULL;
}

int main(void) {
    pthread_t threads[10];
    for (int index = 0; index < 10; index++) must(pthread_create(&threads[index], NULL, body, NULL) == 0);
    for (int index = 0; index < 10; index++) pthread_join(threads[index], NULL);
    say("runs %d, unready seen %d\n", runs, unready_seen);
    return 0;
}
