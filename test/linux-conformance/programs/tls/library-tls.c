// A library loaded after the threads started gives each of them its own thread-local variables on first use.
// variants: dynamic musl
// libraries: counter
#include "../conformance.h"
#include <dlfcn.h>

static int (*count_up)(void);
static pthread_barrier_t before, after;

static void *body(void *argument) {
    long self = (long)argument;
    pthread_barrier_wait(&before);
    pthread_barrier_wait(&after);
    int last = 0;
    for (long round = 0; round <= self; round++) last = count_up();
    return (void *)(long)last;
}

int main(void) {
    pthread_barrier_init(&before, NULL, 5);
    pthread_barrier_init(&after, NULL, 5);
    pthread_t threads[4];
    for (long index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, body, (void *)index) == 0);
    pthread_barrier_wait(&before);
    void *library = dlopen("libcounter.so", RTLD_NOW);
    if (!library) say("%s\n", dlerror());
    must(library != NULL);
    count_up = (int (*)(void))dlsym(library, "count_up");
    must(count_up != NULL);
    pthread_barrier_wait(&after);
    for (int index = 0; index < 4; index++) {
        void *last;
        pthread_join(threads[index], &last);
        say("thread %d counted to %ld\n", index, (long)last);
    }
    say("main counts to %d\n", count_up());
    return 0;
}
