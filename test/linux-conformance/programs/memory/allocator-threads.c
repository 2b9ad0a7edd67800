// Four threads allocate, fill, pass on and free blocks of many sizes; every block keeps its pattern.
// variants: dynamic static musl
#include "../conformance.h"

enum { SLOTS = 64, ROUNDS = 4000 };
static struct block { size_t size; unsigned char bytes[]; } *slots[SLOTS];
static pthread_mutex_t locks[SLOTS];
static int damaged;

static void *body(void *argument) {
    uint32_t random = (uint32_t)(long)argument * 7919 + 1;
    for (int round = 0; round < ROUNDS; round++) {
        random = random * 1664525 + 1013904223;
        int slot = (random >> 8) % SLOTS;
        size_t size = 1u << ((random >> 16) % 16);
        struct block *fresh = malloc(sizeof *fresh + size);
        must(fresh != NULL);
        fresh->size = size;
        memset(fresh->bytes, (int)(size % 251), size);
        pthread_mutex_lock(&locks[slot]);
        struct block *old = slots[slot];
        slots[slot] = fresh;
        pthread_mutex_unlock(&locks[slot]);
        if (!old) continue;
        for (size_t at = 0; at < old->size; at += 97)
            if (old->bytes[at] != (unsigned char)(old->size % 251)) damaged = 1;
        free(old);
    }
    return NULL;
}

int main(void) {
    for (int index = 0; index < SLOTS; index++) pthread_mutex_init(&locks[index], NULL);
    pthread_t threads[4];
    for (long index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, body, (void *)index) == 0);
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    say_truth("damaged", damaged);
    return 0;
}
