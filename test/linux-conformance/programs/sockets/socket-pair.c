// A Unix stream pair is two-way, blocks when full, and ends like a connection.
// variants: dynamic static musl
#include "sockets.h"

static void *echo(void *argument) {
    int fd = (int)(long)argument;
    char text[3000];
    ssize_t got;
    while ((got = read(fd, text, sizeof text)) > 0)
        for (ssize_t done = 0; done < got;) {
            ssize_t now = write(fd, text + done, (size_t)(got - done));
            must(now > 0);
            done += now;
        }
    shutdown(fd, SHUT_WR);
    return NULL;
}

static int ends[2];
static void *send_all(void *argument) {
    (void)argument;
    static char block[1 << 20];
    for (size_t index = 0; index < sizeof block; index++) block[index] = (char)(index * 7 >> 2);
    for (size_t done = 0; done < sizeof block;) {
        ssize_t now = write(ends[0], block + done, sizeof block - done);
        must(now > 0);
        done += (size_t)now;
    }
    shutdown(ends[0], SHUT_WR);
    return NULL;
}

int main(void) {
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    pthread_t sender, echoer;
    must(pthread_create(&echoer, NULL, echo, (void *)(long)ends[1]) == 0);
    must(pthread_create(&sender, NULL, send_all, NULL) == 0);
    size_t got = 0, wrong = 0;
    char text[5000];
    ssize_t now;
    while ((now = read(ends[0], text, sizeof text)) > 0)
        for (ssize_t index = 0; index < now; index++, got++) wrong += text[index] != (char)(got * 7 >> 2);
    pthread_join(sender, NULL);
    pthread_join(echoer, NULL);
    say("echoed %zu, wrong %zu\n", got, wrong);
    say_status("no such pair", socketpair(AF_INET, SOCK_STREAM, 0, ends));
    return 0;
}
