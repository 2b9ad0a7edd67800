// Two thousand areas of changing access and size are made and removed in a scattered order without a mix-up.
// variants: dynamic static musl
#include "../conformance.h"

enum { AREAS = 2000 };
static char *areas[AREAS];
static size_t sizes[AREAS];

int main(void) {
    uint32_t random = 1;
    for (int round = 0; round < 3; round++) {
        for (int index = 0; index < AREAS; index++) {
            random = random * 1664525 + 1013904223;
            sizes[index] = ((random >> 20) % 5 + 1) * 4096;
            areas[index] = mmap(NULL, sizes[index], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            must(areas[index] != MAP_FAILED);
            *(int *)areas[index] = index;
            if (index % 3 == 0) must(mprotect(areas[index], 4096, PROT_READ) == 0);
        }
        int wrong = 0;
        for (int step = 0; step < AREAS; step++) {
            int index = (step * 1237) % AREAS;
            wrong += *(int *)areas[index] != index;
            must(munmap(areas[index], sizes[index]) == 0);
        }
        say("round %d: %d wrong\n", round, wrong);
    }
    return 0;
}
