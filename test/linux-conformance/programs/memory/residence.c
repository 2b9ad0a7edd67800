// mincore tells touched pages from untouched ones; mlock and MAP_POPULATE make them resident.
// variants: dynamic
#include "../conformance.h"

int main(void) {
    unsigned char resident[8];
    char *area = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(area, 8 * 4096, MADV_NOHUGEPAGE);
    area[0] = area[3 * 4096] = 1;
    say_status("mincore", mincore(area, 8 * 4096, resident));
    for (int page = 0; page < 8; page++) say("%d", resident[page] & 1);
    say("\n");
    area = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    mincore(area, 8 * 4096, resident);
    for (int page = 0; page < 8; page++) say("%d", resident[page] & 1);
    say("\n");
    munmap(area + 4096, 4096);
    say_status("over a hole", mincore(area, 3 * 4096, resident));
    say_status("misaligned", mincore(area + 1, 4096, resident));
    say_status("mlock", mlock(area, 4096));
    say_status("munlock", munlock(area, 4096));
    return 0;
}
