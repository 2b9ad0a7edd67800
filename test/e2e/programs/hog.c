/* Touches 64 MiB of memory, page by page. */
#include <stdlib.h>

int main(void) {
    enum { bytes = 64 << 20, page = 4096 };
    volatile char *memory = malloc(bytes);
    if (!memory) return 1;
    for (long at = 0; at < bytes; at += page) memory[at] = 1;
    return 0;
}
