// Five waves of two hundred threads alive at once; every one runs exactly once.
// variants: dynamic static musl
#include "../conformance.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t go = PTHREAD_COND_INITIALIZER, ready = PTHREAD_COND_INITIALIZER;
static int waiting, wave;
static long ran;

static void *body(void *argument) {
    pthread_mutex_lock(&lock);
    waiting++;
    pthread_cond_signal(&ready);
    while (wave == (int)(long)argument) pthread_cond_wait(&go, &lock);
    ran++;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void) {
    static pthread_t threads[200];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    for (long round = 0; round < 5; round++) {
        for (int index = 0; index < 200; index++) must(pthread_create(&threads[index], &attributes, body, (void *)round) == 0);
        pthread_mutex_lock(&lock);
        while (waiting < 200) pthread_cond_wait(&ready, &lock);
        waiting = 0;
        wave++;
        pthread_cond_broadcast(&go);
        pthread_mutex_unlock(&lock);
        for (int index = 0; index < 200; index++) pthread_join(threads[index], NULL);
        say("wave %ld: %ld ran\n", round, ran);
    }
    return 0;
}
