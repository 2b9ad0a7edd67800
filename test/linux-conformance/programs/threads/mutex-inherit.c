// Mutexes with PTHREAD_PRIO_INHERIT exclude, time out, know their owner and outlive it as others do.
// variants: dynamic static musl
#include "../conformance.h"

enum { threads_count = 4, rounds = 500 };
static pthread_mutex_t mutex;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter;
static pid_t waiting;
static int ready;

static void make(pthread_mutex_t *made, int kind, int robust) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    must(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
    must(pthread_mutexattr_settype(&attributes, kind) == 0);
    must(pthread_mutexattr_setrobust(&attributes, robust) == 0);
    must(pthread_mutex_init(made, &attributes) == 0);
}

static void *count(void *argument) {
    (void)argument;
    for (int round = 0; round < rounds; round++) {
        must(pthread_mutex_lock(&mutex) == 0);
        long seen = counter;
        if (round % 64 == 0) sched_yield();
        counter = seen + 1;
        must(pthread_mutex_unlock(&mutex) == 0);
    }
    return NULL;
}

static void *foreign(void *argument) {
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
    say("trylock by another: %s\n", errno_name(pthread_mutex_trylock(argument)));
    say("timedlock by another: %s\n", errno_name(pthread_mutex_timedlock(argument, &soon)));
    say("unlock by another: %s\n", errno_name(pthread_mutex_unlock(argument)));
    return NULL;
}

static void *wait_for_condition(void *argument) {
    (void)argument;
    must(pthread_mutex_lock(&mutex) == 0);
    while (!ready) must(pthread_cond_wait(&condition, &mutex) == 0);
    say("condition: trylock while held: %s\n", errno_name(pthread_mutex_trylock(&mutex)));
    must(pthread_mutex_unlock(&mutex) == 0);
    return NULL;
}

static void *own_until_awaited(void *robust) {
    must(pthread_mutex_lock(robust) == 0);
    __atomic_store_n(&ready, 1, __ATOMIC_SEQ_CST);
    wait_until_asleep(waiting);
    return NULL;
}

int main(void) {
    waiting = getpid();
    pthread_t threads[threads_count];
    make(&mutex, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED);
    for (int index = 0; index < threads_count; index++) must(pthread_create(&threads[index], NULL, count, NULL) == 0);
    for (int index = 0; index < threads_count; index++) pthread_join(threads[index], NULL);
    say("counted %ld\n", counter);

    must(pthread_create(&threads[0], NULL, wait_for_condition, NULL) == 0);
    must(pthread_mutex_lock(&mutex) == 0);
    ready = 1;
    pthread_cond_broadcast(&condition);
    must(pthread_mutex_unlock(&mutex) == 0);
    pthread_join(threads[0], NULL);

    pthread_mutex_t checking, recursive, robust;
    make(&checking, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
    say("checking lock: %s\n", errno_name(pthread_mutex_lock(&checking)));
    say("checking relock: %s\n", errno_name(pthread_mutex_lock(&checking)));
    must(pthread_create(&threads[0], NULL, foreign, &checking) == 0);
    pthread_join(threads[0], NULL);
    say("checking unlock: %s\n", errno_name(pthread_mutex_unlock(&checking)));
    say("checking unlock again: %s\n", errno_name(pthread_mutex_unlock(&checking)));

    make(&recursive, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
    for (int depth = 0; depth < 2; depth++) say("recursive lock: %s\n", errno_name(pthread_mutex_lock(&recursive)));
    for (int depth = 0; depth < 3; depth++) say("recursive unlock: %s\n", errno_name(pthread_mutex_unlock(&recursive)));

    make(&robust, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
    ready = 0;
    must(pthread_create(&threads[0], NULL, own_until_awaited, &robust) == 0);
    while (!__atomic_load_n(&ready, __ATOMIC_SEQ_CST)) sched_yield();
    say("robust lock whose owner ends: %s\n", errno_name(pthread_mutex_lock(&robust)));
    say("consistent: %s\n", errno_name(pthread_mutex_consistent(&robust)));
    say("unlock: %s\n", errno_name(pthread_mutex_unlock(&robust)));
    say("lock: %s\n", errno_name(pthread_mutex_lock(&robust)));
    return 0;
}
