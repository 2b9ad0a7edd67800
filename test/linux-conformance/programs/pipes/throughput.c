// Two megabytes pass a pipe in odd-sized pieces, byte for byte.
// variants: dynamic static musl
#include "../conformance.h"

enum { TOTAL = 2 << 20 };
static int ends[2];

static void *produce(void *argument) {
    (void)argument;
    static unsigned char piece[70001];
    size_t sent = 0;
    for (size_t size = 1; sent < TOTAL; size = size * 3 % 70001 + 1) {
        if (size > TOTAL - sent) size = TOTAL - sent;
        for (size_t index = 0; index < size; index++) piece[index] = (unsigned char)((sent + index) * 2654435761u >> 13);
        for (size_t done = 0; done < size;) {
            ssize_t now = write(ends[1], piece + done, size - done);
            must(now > 0);
            done += (size_t)now;
        }
        sent += size;
    }
    close(ends[1]);
    return NULL;
}

int main(void) {
    must(pipe(ends) == 0);
    pthread_t thread;
    must(pthread_create(&thread, NULL, produce, NULL) == 0);
    static unsigned char piece[50000];
    size_t got = 0, wrong = 0;
    for (;;) {
        ssize_t now = read(ends[0], piece, 1 + got % sizeof piece);
        must(now >= 0);
        if (now == 0) break;
        for (ssize_t index = 0; index < now; index++, got++) wrong += piece[index] != (unsigned char)(got * 2654435761u >> 13);
    }
    pthread_join(thread, NULL);
    say("got %zu, wrong %zu\n", got, wrong);
    return 0;
}
