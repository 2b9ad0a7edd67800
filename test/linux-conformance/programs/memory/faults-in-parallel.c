// Four threads touch the same fresh pages at once: each page comes up once, and no write is lost.
// variants: dynamic static
#include "../conformance.h"

enum { PAGES = 2048 };
static unsigned char *area;
static pthread_barrier_t barrier;

static void *body(void *argument) {
    long self = (long)argument;
    pthread_barrier_wait(&barrier);
    for (int page = 0; page < PAGES; page++) __atomic_store_n(&area[page * 4096 + self * 64], (unsigned char)(self + 1), __ATOMIC_RELAXED);
    return NULL;
}

int main(void) {
    pthread_barrier_init(&barrier, NULL, 4);
    for (int round = 0; round < 3; round++) {
        area = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(area != MAP_FAILED);
        pthread_t threads[4];
        for (long index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, body, (void *)index) == 0);
        for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
        int lost = 0;
        for (int page = 0; page < PAGES; page++)
            for (int self = 0; self < 4; self++) lost += area[page * 4096 + self * 64] != self + 1;
        say("round %d: %d writes lost\n", round, lost);
        munmap(area, PAGES * 4096);
    }
    return 0;
}
