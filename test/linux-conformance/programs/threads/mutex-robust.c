// A robust mutex whose owner ended answers EOWNERDEAD, is usable once consistent, else ENOTRECOVERABLE.
// variants: dynamic musl
#include "../conformance.h"

static void *die_with(void *mutex) {
    must(pthread_mutex_lock(mutex) == 0);
    return NULL;
}

static void kill_owner(pthread_mutex_t *mutex) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, die_with, mutex) == 0);
    pthread_join(thread, NULL);
}

int main(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    must(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
    pthread_mutex_t mutex;
    must(pthread_mutex_init(&mutex, &attributes) == 0);
    kill_owner(&mutex);
    say("lock after death: %s\n", errno_name(pthread_mutex_lock(&mutex)));
    say("consistent: %s\n", errno_name(pthread_mutex_consistent(&mutex)));
    say("unlock: %s\n", errno_name(pthread_mutex_unlock(&mutex)));
    say("lock: %s\n", errno_name(pthread_mutex_lock(&mutex)));
    say("unlock: %s\n", errno_name(pthread_mutex_unlock(&mutex)));
    kill_owner(&mutex);
    say("lock after second death: %s\n", errno_name(pthread_mutex_lock(&mutex)));
    say("unlock without consistent: %s\n", errno_name(pthread_mutex_unlock(&mutex)));
    say("lock: %s\n", errno_name(pthread_mutex_lock(&mutex)));
    return 0;
}
