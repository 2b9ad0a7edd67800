// Recursive, error-checking and normal mutexes answer as pthread_mutexattr_settype(3) says.
// variants: dynamic static musl
#include "../conformance.h"

static void make(pthread_mutex_t *mutex, int kind) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    must(pthread_mutexattr_settype(&attributes, kind) == 0);
    must(pthread_mutex_init(mutex, &attributes) == 0);
}

static void *unlock_foreign(void *mutex) {
    say("unlock by another thread: %s\n", errno_name(pthread_mutex_unlock(mutex)));
    say("trylock by another thread: %s\n", errno_name(pthread_mutex_trylock(mutex)));
    return NULL;
}

int main(void) {
    pthread_mutex_t recursive, checking, normal;
    make(&recursive, PTHREAD_MUTEX_RECURSIVE);
    make(&checking, PTHREAD_MUTEX_ERRORCHECK);
    make(&normal, PTHREAD_MUTEX_NORMAL);
    for (int depth = 0; depth < 3; depth++) say("recursive lock: %s\n", errno_name(pthread_mutex_lock(&recursive)));
    for (int depth = 0; depth < 4; depth++) say("recursive unlock: %s\n", errno_name(pthread_mutex_unlock(&recursive)));
    say("checking lock: %s\n", errno_name(pthread_mutex_lock(&checking)));
    say("checking relock: %s\n", errno_name(pthread_mutex_lock(&checking)));
    pthread_t thread;
    must(pthread_create(&thread, NULL, unlock_foreign, &checking) == 0);
    pthread_join(thread, NULL);
    say("checking unlock: %s\n", errno_name(pthread_mutex_unlock(&checking)));
    say("checking unlock again: %s\n", errno_name(pthread_mutex_unlock(&checking)));
    say("normal lock: %s\n", errno_name(pthread_mutex_lock(&normal)));
    say("normal trylock: %s\n", errno_name(pthread_mutex_trylock(&normal)));
    return 0;
}
