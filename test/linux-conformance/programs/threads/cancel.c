// A cancelled thread runs its cleanup handlers last to first and joins as PTHREAD_CANCELED; disabled cancels wait.
// variants: dynamic musl
#include "../conformance.h"
#include <semaphore.h>

static sem_t started, asked_to_end;

static void note(void *text) { say("cleanup %s\n", (const char *)text); }

static void *sleep_long(void *argument) {
    (void)argument;
    pthread_cleanup_push(note, "outer");
    pthread_cleanup_push(note, "inner");
    sem_post(&started);
    sleep(1000);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *read_forever(void *fd) {
    char byte;
    sem_post(&started);
    (void)!read((int)(long)fd, &byte, 1);
    return NULL;
}

static void *guarded(void *argument) {
    (void)argument;
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    sem_post(&started);
    sem_wait(&asked_to_end);
    say("still here while disabled\n");
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    pthread_testcancel();
    say("never printed\n");
    return NULL;
}

static void *spin(void *argument) {
    (void)argument;
    int old;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
    sem_post(&started);
    for (volatile long round = 0;; round++) continue;
    return NULL;
}

static void run(const char *label, void *(*body)(void *), void *argument) {
    sem_init(&started, 0, 0);
    sem_init(&asked_to_end, 0, 0);
    pthread_t thread;
    must(pthread_create(&thread, NULL, body, argument) == 0);
    sem_wait(&started);
    must(pthread_cancel(thread) == 0);
    sem_post(&asked_to_end);
    void *value;
    must(pthread_join(thread, &value) == 0);
    say("%s canceled: %s\n", label, value == PTHREAD_CANCELED ? "yes" : "no");
}

int main(void) {
    int ends[2];
    must(pipe(ends) == 0);
    run("sleep", sleep_long, NULL);
    run("read", read_forever, (void *)(long)ends[0]);
    run("guarded", guarded, NULL);
    run("spin", spin, NULL);
    return 0;
}
