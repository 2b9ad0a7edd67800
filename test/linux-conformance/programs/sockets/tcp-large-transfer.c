// Eight megabytes each way at once over one loopback connection arrive intact.
// variants: dynamic static musl
#include "sockets.h"

enum { TOTAL = 8 << 20, PIECE = 100000 };
static int ends[2];

static void *send_all(void *argument) {
    long end = (long)argument;
    unsigned char *piece = malloc(PIECE);
    for (size_t sent = 0; sent < TOTAL;) {
        size_t size = TOTAL - sent < PIECE ? TOTAL - sent : PIECE;
        for (size_t index = 0; index < size; index++) piece[index] = (unsigned char)((sent + index) * 2654435761u >> (11 + end));
        for (size_t done = 0; done < size;) {
            ssize_t now = send(ends[end], piece + done, size - done, 0);
            must(now > 0);
            done += (size_t)now;
        }
        sent += size;
    }
    must(shutdown(ends[end], SHUT_WR) == 0);
    free(piece);
    return NULL;
}

static void *receive_all(void *argument) {
    long end = (long)argument;
    unsigned char *piece = malloc(PIECE);
    size_t got = 0, wrong = 0;
    for (;;) {
        ssize_t now = recv(ends[end], piece, PIECE, 0);
        must(now >= 0);
        if (now == 0) break;
        for (ssize_t index = 0; index < now; index++, got++)
            wrong += piece[index] != (unsigned char)(got * 2654435761u >> (11 + !end));
    }
    must(got == TOTAL);
    free(piece);
    return (void *)wrong;
}

int main(void) {
    tcp_pair(ends);
    pthread_t threads[4];
    for (long end = 0; end < 2; end++) {
        must(pthread_create(&threads[end], NULL, send_all, (void *)end) == 0);
        must(pthread_create(&threads[2 + end], NULL, receive_all, (void *)end) == 0);
    }
    for (int index = 0; index < 4; index++) {
        void *wrong;
        pthread_join(threads[index], &wrong);
        if (index >= 2) say("direction %d: %zu wrong bytes\n", index - 2, (size_t)wrong);
    }
    return 0;
}
