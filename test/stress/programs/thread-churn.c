// Thousands of threads come and go, joined and detached, from several creators at once; each has its own stack, id and
// thread-local memory, and the memory comes back.
#include "stress.h"

enum { creators = 4, batch = 12 };

static __thread uint64_t own[64];
static atomic_int detached_alive;
static atomic_ulong born;

typedef struct { uint64_t value; int detached; } task;

static void *live(void *argument) {
    task *t = argument;
    const uint64_t value = t->value;
    for (int index = 0; index < 64; index++) must_say(own[index] == 0, "thread-local word %d starts as %lx", index, own[index]);
    volatile uint64_t stack[512];
    for (int index = 0; index < 512; index++) stack[index] = value + (uint64_t)index;
    for (int index = 0; index < 64; index++) own[index] = value ^ (uint64_t)index;
    if (value % 3 == 0) sched_yield();
    if (value % 17 == 0) usleep(300);
    for (int index = 0; index < 512; index++) must(stack[index] == value + (uint64_t)index);
    for (int index = 0; index < 64; index++) must(own[index] == (value ^ (uint64_t)index));
    atomic_fetch_add(&born, 1);
    if (t->detached) {
        free(t);
        atomic_fetch_sub(&detached_alive, 1);
        return NULL;
    }
    return (void *)(uintptr_t)(value + 1);
}

static void *create(void *argument) {
    random_source r = random_of((uint64_t)(intptr_t)argument);
    pthread_attr_t detached;
    must(pthread_attr_init(&detached) == 0 && pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) == 0);
    must(pthread_attr_setstacksize(&detached, 64 * 1024) == 0);
    while (!time_is_up()) {
        pthread_t threads[batch];
        task tasks[batch];
        for (int index = 0; index < batch; index++) {
            tasks[index] = (task){next_random(&r) >> 8, 0};
            must(pthread_create(&threads[index], NULL, live, &tasks[index]) == 0);
        }
        for (int index = 0; index < 4 && atomic_load(&detached_alive) < 200; index++) {
            task *t = malloc(sizeof *t);
            *t = (task){next_random(&r) >> 8, 1};
            atomic_fetch_add(&detached_alive, 1);
            pthread_t thread;
            must(pthread_create(&thread, &detached, live, t) == 0);
        }
        for (int index = 0; index < batch; index++) {
            void *result;
            must(pthread_join(threads[index], &result) == 0);
            must((uintptr_t)result == tasks[index].value + 1);
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    run_threads(creators, create);
    while (atomic_load(&detached_alive)) sched_yield();
    must(atomic_load(&born) > 0);
    finish("thread-churn");
    return 0;
}
