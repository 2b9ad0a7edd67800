// Four threads load, use and unload libraries at once.
// variants: dynamic musl
// libraries: worker
#include "../conformance.h"
#include <dlfcn.h>

static void *body(void *argument) {
    long sum = 0;
    for (int round = 0; round < 50; round++) {
        void *library = dlopen("libworker.so", RTLD_NOW);
        must(library != NULL);
        long (*work)(long) = (long (*)(long))dlsym(library, "work");
        must(work != NULL);
        sum += work((long)argument + round);
        must(dlclose(library) == 0);
    }
    return (void *)sum;
}

int main(void) {
    pthread_t threads[4];
    for (long index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, body, (void *)index) == 0);
    for (int index = 0; index < 4; index++) {
        void *sum;
        pthread_join(threads[index], &sum);
        say("thread %d: %ld\n", index, (long)sum);
    }
    return 0;
}
