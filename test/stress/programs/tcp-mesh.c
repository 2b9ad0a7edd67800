// Streams and short connections over loopback TCP between many threads, with a checksum over every stream; UDP beside them.
#include "stress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

enum { clients = 5, servers = 3, echo_size = 30000 };

static int listener, datagram_server;
static uint16_t port, datagram_port;
static atomic_int stop, open_connections;
static atomic_ulong streams, datagrams;

static struct sockaddr_in loopback(uint16_t number) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(number), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

/// Echoes until the peer is done; sometimes slowly, sometimes with a pause in the middle.
static void *echo(void *argument) {
    const int fd = (int)(intptr_t)argument;
    random_source r = random_of((uint64_t)fd + 1000);
    char bytes[5000];
    for (;;) {
        const ssize_t got = recv(fd, bytes, 1 + below(&r, sizeof bytes), 0);
        if (got <= 0) {
            must_say(got == 0 || errno == ECONNRESET, "recv: errno %d", errno);
            break;
        }
        for (ssize_t done = 0; done < got;) {
            const ssize_t wrote = send(fd, bytes + done, (size_t)(got - done), MSG_NOSIGNAL);
            if (wrote < 0) {
                must_say(errno == EPIPE || errno == ECONNRESET, "send: errno %d", errno);
                goto over;
            }
            done += wrote;
        }
        if (!below(&r, 64)) usleep(1000);
    }
over:
    must(close(fd) == 0);
    atomic_fetch_sub(&open_connections, 1);
    return NULL;
}

static void *serve(void *argument) {
    (void)argument;
    while (!atomic_load(&stop)) {
        struct pollfd waiting = {.fd = listener, .events = POLLIN};
        if (poll(&waiting, 1, 20) <= 0) continue;
        const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            must(errno == EAGAIN || errno == ECONNABORTED);
            continue;
        }
        atomic_fetch_add(&open_connections, 1);
        pthread_t thread;
        must(pthread_create(&thread, NULL, echo, (void *)(intptr_t)fd) == 0);
        must(pthread_detach(thread) == 0);
    }
    return NULL;
}

static int connect_to_server(void) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    const struct sockaddr_in to = loopback(port);
    must(connect(fd, (const struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

/// Sends and receives at once; what comes back is what went out.
static void stream(random_source *r) {
    const int fd = connect_to_server();
    const int one = 1;
    if (below(r, 2)) must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    unsigned char out[3000], in[3000];
    const size_t total = 1 + below(r, below(r, 3) ? 3000 : 400000);
    const uint64_t key = next_random(r);
    size_t sent = 0, received = 0;
    while (received < total) {
        struct pollfd both = {.fd = fd, .events = (short)(POLLIN | (sent < total ? POLLOUT : 0))};
        must_say(poll(&both, 1, 20000) == 1, "stalled: %zu sent and %zu received of %zu", sent, received, total);
        if (both.revents & POLLOUT && sent < total && sent - received < 200000) {
            size_t count = 1 + below(r, sizeof out);
            if (count > total - sent) count = total - sent;
            for (size_t index = 0; index < count; index++) out[index] = (unsigned char)((sent + index) * key >> 24);
            const ssize_t wrote = send(fd, out, count, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (wrote < 0) must(errno == EAGAIN);
            else sent += (size_t)wrote;
        }
        if (both.revents & POLLIN) {
            const ssize_t got = recv(fd, in, 1 + below(r, sizeof in), MSG_DONTWAIT);
            must(got != 0);
            if (got < 0) must_say(errno == EAGAIN, "recv: errno %d", errno);
            for (ssize_t index = 0; index < got; index++)
                must_say(in[index] == (unsigned char)((received + (size_t)index) * key >> 24), "byte %zu is wrong", received + (size_t)index);
            if (got > 0) received += (size_t)got;
        }
    }
    if (below(r, 2)) {
        must(shutdown(fd, SHUT_WR) == 0);
        must(recv(fd, in, 1, 0) == 0);
    }
    must(close(fd) == 0);
    atomic_fetch_add(&streams, 1);
}

/// Given up in the middle, now and then with a reset.
static void break_off(random_source *r) {
    const int fd = connect_to_server();
    char bytes[echo_size];
    memset(bytes, 'x', sizeof bytes);
    (void)!send(fd, bytes, 1 + below(r, sizeof bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
    const struct linger at_once = {1, 0};
    if (below(r, 2)) must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    must(close(fd) == 0);
}

static void ask_by_datagram(random_source *r) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    const struct sockaddr_in to = loopback(datagram_port);
    must(connect(fd, (const struct sockaddr *)&to, sizeof to) == 0);
    const struct timeval patience = {0, 200000};
    must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    for (int count = 0; count < 10; count++) {
        uint64_t words[100], back[100];
        const size_t size = 8 * (1 + below(r, 100));
        for (size_t index = 0; index < size / 8; index++) words[index] = next_random(r);
        must(send(fd, words, size, 0) == (ssize_t)size);
        const ssize_t got = recv(fd, back, sizeof back, 0);
        if (got < 0) {
            must(errno == EAGAIN);  // datagrams may be dropped when the server's queue is full
            break;
        }
        must(got == (ssize_t)size && memcmp(words, back, size) == 0);
        atomic_fetch_add(&datagrams, 1);
    }
    must(close(fd) == 0);
}

static void *answer_datagrams(void *argument) {
    (void)argument;
    while (!atomic_load(&stop)) {
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        char bytes[1000];
        const ssize_t got = recvfrom(datagram_server, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &size);
        if (got < 0) must(errno == EAGAIN || errno == ECONNREFUSED);
        else (void)!sendto(datagram_server, bytes, (size_t)got, 0, (struct sockaddr *)&from, size);
    }
    return NULL;
}

static void *work(void *argument) {
    random_source r = random_of((uint64_t)(intptr_t)argument);
    // At least one of each: on a busy machine the time can be over before.
    while (!time_is_up() || !atomic_load(&streams) || !atomic_load(&datagrams)) {
        switch (below(&r, 6)) {
            case 0: break_off(&r); break;
            case 1: ask_by_datagram(&r); break;
            default: stream(&r);
        }
    }
    return NULL;
}

static uint16_t port_of(int fd) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    must(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    return ntohs(address.sin_port);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const struct sockaddr_in any = loopback(0);
    must((listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) >= 0);
    must(bind(listener, (const struct sockaddr *)&any, sizeof any) == 0 && listen(listener, 64) == 0);
    port = port_of(listener);
    must((datagram_server = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
    must(bind(datagram_server, (const struct sockaddr *)&any, sizeof any) == 0);
    const struct timeval patience = {0, 20000};
    must(setsockopt(datagram_server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    datagram_port = port_of(datagram_server);
    pthread_t threads[servers + 1];
    for (int index = 0; index < servers; index++) must(pthread_create(&threads[index], NULL, serve, NULL) == 0);
    must(pthread_create(&threads[servers], NULL, answer_datagrams, NULL) == 0);
    run_threads(clients, work);
    const int64_t over = now_ms() + 20000;
    while (atomic_load(&open_connections)) {
        must_say(now_ms() < over, "%d connections are still open", atomic_load(&open_connections));
        usleep(1000);
    }
    atomic_store(&stop, 1);
    for (int index = 0; index <= servers; index++) must(pthread_join(threads[index], NULL) == 0);
    finish("tcp-mesh");
    return 0;
}
