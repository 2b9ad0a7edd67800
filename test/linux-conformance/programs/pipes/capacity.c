// A pipe holds its capacity, blocks the writer beyond, can be resized, and writes up to PIPE_BUF whole.
// variants: dynamic static
#include "../conformance.h"
#include <poll.h>

static int ends[2];
static void *drain(void *argument) {
    (void)argument;
    static char buffer[1000];
    uint64_t hash = HASH_START;
    long total = 0;
    for (;;) {
        long got = read(ends[0], buffer, sizeof buffer);
        if (got <= 0) break;
        hash = hash_bytes(hash, buffer, (size_t)got);
        total += got;
    }
    say("drained %ld, hash %016lx\n", total, (unsigned long)hash);
    return NULL;
}

int main(void) {
    must(pipe2(ends, O_NONBLOCK) == 0);
    say_value("capacity", fcntl(ends[1], F_GETPIPE_SZ));
    static char block[300000];
    for (size_t index = 0; index < sizeof block; index++) block[index] = (char)(index * 31 >> 3);
    say_value("large write takes", write(ends[1], block, sizeof block));
    say_status("then", write(ends[1], block, 1));
    struct pollfd entry = {.fd = ends[1], .events = POLLOUT};
    say("writable %d\n", poll(&entry, 1, 0));
    say_value("read", read(ends[0], block, 4096));
    say("writable %d\n", poll(&entry, 1, 0));
    say_value("whole page", write(ends[1], block, 4096));
    say_value("grow", fcntl(ends[1], F_SETPIPE_SZ, 131072));
    say_value("more fits", write(ends[1], block, 65536));
    say_status("shrink below contents", fcntl(ends[1], F_SETPIPE_SZ, 4096));
    close(ends[0]);
    close(ends[1]);
    must(pipe(ends) == 0);
    pthread_t thread;
    must(pthread_create(&thread, NULL, drain, NULL) == 0);
    for (size_t index = 0; index < sizeof block; index++) block[index] = (char)(index * 31 >> 3);
    must(write(ends[1], block, sizeof block) == (ssize_t)sizeof block);
    close(ends[1]);
    pthread_join(thread, NULL);
    return 0;
}
