/// Checksummed streams over TCP, both ends in one program: a server for the guest, a client for the host.
///
///   stream serve PORT
///   stream send HOST PORT BYTES [CONGESTION]   the server must get exactly these bytes; by `cubic`, `bbr`, ...
///   stream receive HOST PORT BYTES   the server sends as many, we check them
///   stream short HOST PORT COUNT PARALLEL   COUNT connections, each a small exchange with an orderly end
///
/// A connection starts with one line, `put BYTES`, `get BYTES` or `echo`. Bytes are a fixed pseudo-random sequence, so
/// each place has its one right value: a lost, doubled or swapped segment cannot go unseen. Every answer of the server
/// ends with `ok HASH` (FNV-1a over the bytes). The client prints one JSON line; exit code 1 if anything was wrong.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 65536 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/// The byte at each place of every stream: a mixed counter, eight bytes a step.
static void fill(unsigned char *bytes, uint64_t from, size_t length) {
    for (size_t at = 0; at < length; at++) {
        uint64_t word = ((from + at) >> 3) * 0x9e3779b97f4a7c15 + 1;
        word ^= word >> 29;
        word *= 0xbf58476d1ce4e5b9;
        bytes[at] = (unsigned char)(word >> (8 * ((from + at) & 7)));
    }
}

static uint64_t hash_of(uint64_t hash, const unsigned char *bytes, size_t length) {
    for (size_t at = 0; at < length; at++) hash = (hash ^ bytes[at]) * 1099511628211u;
    return hash;
}

static int send_all(int fd, const void *bytes, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t sent = send(fd, (const char *)bytes + done, length - done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return -1;
        done += (size_t)sent;
    }
    return 0;
}

/// Reads one line without its end, byte by byte: what follows it stays in the socket.
static int read_line(int fd, char *line, size_t capacity) {
    for (size_t at = 0; at < capacity - 1; at++) {
        ssize_t got = recv(fd, line + at, 1, 0);
        if (got <= 0) return -1;
        if (line[at] == '\n') {
            line[at] = 0;
            return 0;
        }
    }
    return -1;
}

/// Reads `length` bytes of the sequence; answers the place of the first wrong byte, or length if all were right.
static uint64_t check_stream(int fd, uint64_t length, uint64_t *hash) {
    unsigned char *bytes = malloc(PIECE), *expected = malloc(PIECE);
    uint64_t at = 0;
    *hash = 14695981039346656037u;
    while (at < length) {
        size_t want = length - at < PIECE ? (size_t)(length - at) : PIECE;
        ssize_t got = recv(fd, bytes, want, 0);
        if (got <= 0) break;
        fill(expected, at, (size_t)got);
        if (memcmp(bytes, expected, (size_t)got) != 0) {
            for (ssize_t index = 0; index < got; index++, at++)
                if (bytes[index] != expected[index]) break;
            break;
        }
        *hash = hash_of(*hash, bytes, (size_t)got);
        at += (uint64_t)got;
    }
    free(bytes);
    free(expected);
    return at;
}

static int send_stream(int fd, uint64_t length, uint64_t *hash) {
    unsigned char *bytes = malloc(PIECE);
    *hash = 14695981039346656037u;
    int result = 0;
    for (uint64_t at = 0; at < length && result == 0;) {
        size_t size = length - at < PIECE ? (size_t)(length - at) : PIECE;
        fill(bytes, at, size);
        *hash = hash_of(*hash, bytes, size);
        result = send_all(fd, bytes, size);
        at += size;
    }
    free(bytes);
    return result;
}

static void *serve_one(void *argument) {
    int fd = (int)(long)argument;
    char line[128], answer[160], byte;
    uint64_t length, hash = 0, got;
    if (read_line(fd, line, sizeof line) == 0) {
        if (sscanf(line, "put %lu", &length) == 1) {
            got = check_stream(fd, length, &hash);
            if (got == length) snprintf(answer, sizeof answer, "ok %016lx\n", hash);
            else snprintf(answer, sizeof answer, "wrong at %lu\n", got);
            send_all(fd, answer, strlen(answer));
        } else if (sscanf(line, "get %lu", &length) == 1) {
            if (send_stream(fd, length, &hash) == 0) {
                snprintf(answer, sizeof answer, "ok %016lx\n", hash);
                send_all(fd, answer, strlen(answer));
            }
        } else if (strncmp(line, "echo ", 5) == 0) {
            snprintf(answer, sizeof answer, "%s\n", line);
            send_all(fd, answer, strlen(answer));
        }
    }
    // An orderly end: we close after the client has.
    shutdown(fd, SHUT_WR);
    while (recv(fd, &byte, 1, 0) > 0) continue;
    close(fd);
    return NULL;
}

static int serve(int port) {
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0) {
        perror("stream: listen");
        return 1;
    }
    printf("stream: serving\n");
    fflush(stdout);
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, 65536);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pthread_t thread;
        if (fd < 0) continue;
        if (pthread_create(&thread, &detached, serve_one, (void *)(long)fd) != 0) close(fd);
    }
}

static struct sockaddr_in server;

static int call(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&server, sizeof server) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/// One large transfer; what went wrong, or null.
static const char *transfer(int fd, int sending, uint64_t length) {
    static char problem[160];
    char line[128];
    uint64_t hash, theirs;
    snprintf(line, sizeof line, "%s %lu\n", sending ? "put" : "get", length);
    if (fd < 0 || send_all(fd, line, strlen(line)) != 0) return "connect";
    if (sending) {
        if (send_stream(fd, length, &hash) != 0) return "send broke off";
    } else {
        uint64_t got = check_stream(fd, length, &hash);
        snprintf(problem, sizeof problem, "stream ends or is wrong at %lu of %lu", got, length);
        if (got != length) return problem;
    }
    if (read_line(fd, line, sizeof line) != 0) return "no answer";
    snprintf(problem, sizeof problem, "the server says: %s", line);
    if (sscanf(line, "ok %lx", &theirs) != 1 || theirs != hash) return problem;
    shutdown(fd, SHUT_WR);
    return recv(fd, line, 1, 0) == 0 ? NULL : "no orderly end";
}

static long next_call, total_calls, good, bad;
static char first_problem[128];

static const char *short_exchange(long number) {
    char line[128], back[128];
    int fd = call();
    if (fd < 0) return "connect";
    snprintf(line, sizeof line, "echo connection %ld of %ld", number, total_calls);
    const char *problem = NULL;
    if (dprintf(fd, "%s\n", line) < 0) problem = "send";
    else if (read_line(fd, back, sizeof back) != 0) problem = "no answer";
    else if (strcmp(line, back) != 0) problem = "a foreign answer";
    else if (shutdown(fd, SHUT_WR) != 0) problem = "shutdown";
    else if (recv(fd, back, 1, 0) != 0) problem = "no orderly end";
    close(fd);
    return problem;
}

static void *call_on(void *argument) {
    for (;;) {
        long number = __atomic_fetch_add(&next_call, 1, __ATOMIC_SEQ_CST);
        if (number >= total_calls) return argument;
        const char *problem = short_exchange(number);
        if (problem) {
            if (__atomic_fetch_add(&bad, 1, __ATOMIC_SEQ_CST) == 0)
                snprintf(first_problem, sizeof first_problem, "connection %ld: %s: %s", number, problem, strerror(errno));
        } else __atomic_add_fetch(&good, 1, __ATOMIC_SEQ_CST);
    }
}

static int short_connections(int parallel) {
    pthread_t threads[64];
    if (parallel > 64) parallel = 64;
    for (int index = 0; index < parallel; index++) pthread_create(&threads[index], NULL, call_on, NULL);
    for (int index = 0; index < parallel; index++) pthread_join(threads[index], NULL);
    printf("{\"good\": %ld, \"bad\": %ld, \"problem\": \"%s\"}\n", good, bad, first_problem);
    return bad ? 1 : 0;
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "serve") == 0) return serve(atoi(arguments[2]));
    if (count < 5) {
        fprintf(stderr, "stream serve PORT | send|receive HOST PORT BYTES | short HOST PORT COUNT PARALLEL\n");
        return 2;
    }
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[3]))};
    if (inet_pton(AF_INET, arguments[2], &server.sin_addr) != 1) return 2;
    double start = now();
    if (strcmp(arguments[1], "short") == 0) {
        total_calls = atol(arguments[4]);
        return short_connections(count > 5 ? atoi(arguments[5]) : 8);
    }
    uint64_t length = strtoull(arguments[4], NULL, 10);
    int fd = call(), sending = strcmp(arguments[1], "send") == 0;
    char congestion[16] = "";
    socklen_t size = sizeof congestion;
    if (count > 5 && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, arguments[5], (socklen_t)strlen(arguments[5])) != 0) {
        perror(arguments[5]);
        return 2;
    }
    if (sending) getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion, &size);
    const char *problem = transfer(fd, sending, length);
    double took = now() - start;
    printf("{\"bytes\": %lu, \"seconds\": %.3f, \"bytes_per_second\": %.0f, ", length, took, (double)length / took);
    if (sending) printf("\"congestion\": \"%.16s\", ", congestion);
    printf("\"problem\": \"%s\"}\n", problem ? problem : "");
    return problem ? 1 : 0;
}
