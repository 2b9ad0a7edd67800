// Thread-local variables start with their values in every thread, at their alignment, apart from each other.
// variants: dynamic static static-pie musl
#include "../conformance.h"

static __thread int with_value = 42;
static __thread char zeroed[1000];
static __thread long aligned __attribute__((aligned(64))) = 7;
static __thread const char *text = "start";
static pthread_barrier_t barrier;

static void *body(void *argument) {
    long self = (long)argument;
    must(with_value == 42 && aligned == 7 && zeroed[999] == 0 && strcmp(text, "start") == 0);
    must((uintptr_t)&aligned % 64 == 0);
    with_value = (int)self;
    memset(zeroed, (int)self, sizeof zeroed);
    aligned = self * 1000;
    pthread_barrier_wait(&barrier);
    for (int index = 0; index < 1000; index++) must(zeroed[index] == (char)self);
    return (void *)(with_value + aligned);
}

int main(void) {
    pthread_t threads[8];
    pthread_barrier_init(&barrier, NULL, 8);
    for (long index = 0; index < 8; index++) must(pthread_create(&threads[index], NULL, body, (void *)index) == 0);
    for (int index = 0; index < 8; index++) {
        void *sum;
        pthread_join(threads[index], &sum);
        say("thread %d: %ld\n", index, (long)sum);
    }
    say("main: %d %ld %s\n", with_value, aligned, text);
    return 0;
}
