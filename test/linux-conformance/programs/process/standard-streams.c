// Standard output and error stay apart and in their own order; large writes come whole.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    static char block[100000];
    for (int round = 0; round < 5; round++) {
        fprintf(stdout, "out %d\n", round);
        fprintf(stderr, "error %d\n", round);
    }
    fflush(stdout);
    for (size_t index = 0; index < sizeof block; index++) block[index] = index % 100 == 99 ? '\n' : (char)(' ' + index % 90);
    for (size_t done = 0; done < sizeof block;) {
        ssize_t now = write(1, block + done, sizeof block - done);
        must(now > 0);
        done += (size_t)now;
    }
    // Bytes that a terminal or a console would change.
    unsigned char all[256];
    for (int index = 0; index < 256; index++) all[index] = (unsigned char)index;
    must(write(1, all, 256) == 256);
    return 0;
}
