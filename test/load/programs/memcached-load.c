/// A load generator for memcached's text protocol, with answers checked byte for byte.
///
///   memcached-load HOST PORT [connections=16] [requests=20000 | seconds=S] [pipeline=1] [keys=1000] [value=100]
///                  [set-percent=10] [seed=1]
///
/// Every key's value is a pure function of the key and the generation that was last set by this run, so a wrong,
/// torn or foreign answer is seen. Each connection owns its own keys. Prints one JSON object; exit code 1 if any
/// answer was wrong or a connection broke.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PIPELINE = 128, MAX_VALUE = 8192 };

struct request { uint8_t is_set; uint32_t key; uint32_t generation; uint64_t sent_ns; };

struct connection {
    int fd;
    uint64_t random;
    uint32_t *generations;  // last generation set, by key; 0: never
    struct request flying[MAX_PIPELINE];
    int first, count;
    char *out;
    size_t out_length, out_done;
    char *in;
    size_t in_length;
    int waits_for_room;
};

static int connections = 16, pipeline = 1, keys = 1000, value_size = 100, set_percent = 10;
static long requests = 20000, started, done, hits, misses, refused, wrong;
static double seconds;
static uint64_t seed = 1;
static uint64_t *latencies, latency_count;
static size_t in_capacity, out_capacity;

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void die(const char *what) {
    printf("{\"error\": \"%s: %s\", \"done\": %ld}\n", what, strerror(errno), done);
    exit(1);
}

/// xorshift64*: the same seed gives the same requests.
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

static void fill_value(char *value, int connection, uint32_t key, uint32_t generation) {
    uint64_t state = ((uint64_t)connection << 48) ^ ((uint64_t)key << 24) ^ generation ^ 0x9e3779b97f4a7c15;
    for (int at = 0; at < value_size; at++) value[at] = (char)('a' + next_random(&state) % 26);
}

static int may_start(uint64_t deadline) { return seconds > 0 ? now_ns() < deadline : started < requests; }

static void queue_request(struct connection *connection, int index) {
    struct request *request = &connection->flying[(connection->first + connection->count) % MAX_PIPELINE];
    uint64_t random = next_random(&connection->random);
    request->key = (uint32_t)((random >> 8) % (uint64_t)keys);
    request->is_set = (random >> 40) % 100 < (uint64_t)set_percent || connection->generations[request->key] == 0;
    char *out = connection->out + connection->out_length;
    if (request->is_set) {
        request->generation = ++connection->generations[request->key];
        out += sprintf(out, "set c%d:k%u 0 0 %d\r\n", index, request->key, value_size);
        fill_value(out, index, request->key, request->generation);
        out += value_size;
        *out++ = '\r', *out++ = '\n';
    } else {
        request->generation = connection->generations[request->key];
        out += sprintf(out, "get c%d:k%u\r\n", index, request->key);
    }
    connection->out_length = (size_t)(out - connection->out);
    request->sent_ns = now_ns();
    connection->count++;
    started++;
}

static char first_wrong[120];

/// Counts a wrong answer and keeps the beginning of the first one, printable.
static void note_wrong(const char *in, size_t length) {
    if (wrong++ > 0) return;
    for (size_t at = 0; at < length && at < sizeof first_wrong - 1; at++)
        first_wrong[at] = in[at] >= ' ' && in[at] <= '~' && in[at] != '"' && in[at] != '\\' ? in[at] : '.';
}

/// Bytes of one whole answer at the start of the input; 0 if it is not whole yet. Counts it as right or wrong.
static size_t take_answer(struct connection *connection, int index, const char *in, size_t length) {
    const struct request *request = &connection->flying[connection->first];
    const char *end = memmem(in, length, "\r\n", 2);
    if (!end) return 0;
    size_t line = (size_t)(end - in) + 2;
    if (request->is_set) {
        // memcached says so when it can neither store nor evict; the old value is gone then.
        if (line > 12 && memcmp(in, "SERVER_ERROR", 12) == 0) refused++;
        else if (line != 8 || memcmp(in, "STORED\r\n", 8) != 0) note_wrong(in, line);
        return line;
    }
    if (line == 5 && memcmp(in, "END\r\n", 5) == 0) {
        misses++;  // memcached may evict; a miss is no error
        return line;
    }
    char header[128], expected[MAX_VALUE];
    int header_length = snprintf(header, sizeof header, "VALUE c%d:k%u 0 %d\r\n", index, request->key, value_size);
    size_t whole = (size_t)header_length + (size_t)value_size + 7;
    if (line != (size_t)header_length || memcmp(in, header, line) != 0) {
        note_wrong(in, line);
        return line;
    }
    if (length < whole) return 0;
    fill_value(expected, index, request->key, request->generation);
    if (memcmp(in + header_length, expected, (size_t)value_size) != 0) note_wrong(in, whole);
    if (memcmp(in + header_length + value_size, "\r\nEND\r\n", 7) != 0) note_wrong(in + whole - 7, 7);
    hits++;
    return whole;
}

static void receive(struct connection *connection, int index) {
    ssize_t got = recv(connection->fd, connection->in + connection->in_length, in_capacity - connection->in_length, 0);
    if (got == 0) errno = ECONNRESET;
    if (got <= 0 && errno != EAGAIN) die("receive");
    if (got > 0) connection->in_length += (size_t)got;
    size_t at = 0;
    while (connection->count > 0) {
        size_t used = take_answer(connection, index, connection->in + at, connection->in_length - at);
        if (used == 0) break;
        at += used;
        if (latency_count < 1u << 22) latencies[latency_count++] = now_ns() - connection->flying[connection->first].sent_ns;
        connection->first = (connection->first + 1) % MAX_PIPELINE;
        connection->count--;
        done++;
    }
    memmove(connection->in, connection->in + at, connection->in_length - at);
    connection->in_length -= at;
}

/// Sends what is queued; asks to be told when there is room again if the socket is full.
static void transmit(int epoll, struct connection *connection, int index) {
    int full = 0;
    while (connection->out_done < connection->out_length && !full) {
        ssize_t sent = send(connection->fd, connection->out + connection->out_done, connection->out_length - connection->out_done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) full = 1;
        else if (sent <= 0) die("send");
        else connection->out_done += (size_t)sent;
    }
    if (!full) connection->out_done = connection->out_length = 0;
    if (full == connection->waits_for_room) return;
    struct epoll_event event = {.events = full ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.u32 = (uint32_t)index};
    epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
    connection->waits_for_room = full;
}

static void refill(struct connection *connection, int index, uint64_t deadline) {
    if (connection->out_length > 0) return;
    while (connection->count < pipeline && may_start(deadline)) queue_request(connection, index);
}

static int connect_to(const char *host, int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) die("address");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int compare(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static void read_options(int count, char **arguments) {
    for (int index = 3; index < count; index++) {
        char *value = strchr(arguments[index], '=');
        if (!value) continue;
        *value++ = 0;
        const char *name = arguments[index];
        if (strcmp(name, "connections") == 0) connections = atoi(value);
        if (strcmp(name, "requests") == 0) requests = atol(value);
        if (strcmp(name, "seconds") == 0) seconds = atof(value);
        if (strcmp(name, "pipeline") == 0) pipeline = atoi(value);
        if (strcmp(name, "keys") == 0) keys = atoi(value);
        if (strcmp(name, "value") == 0) value_size = atoi(value);
        if (strcmp(name, "set-percent") == 0) set_percent = atoi(value);
        if (strcmp(name, "seed") == 0) seed = strtoull(value, NULL, 10);
    }
    if (pipeline < 1 || pipeline > MAX_PIPELINE || value_size < 1 || value_size > MAX_VALUE || connections < 1) die("options");
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "memcached-load HOST PORT [option=value]…\n");
        return 2;
    }
    read_options(count, arguments);
    latencies = malloc(sizeof *latencies << 22);
    in_capacity = out_capacity = (size_t)pipeline * (size_t)(value_size + 128) + 4096;
    struct connection *all = calloc((size_t)connections, sizeof *all);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int index = 0; index < connections; index++) {
        struct connection *connection = &all[index];
        connection->fd = connect_to(arguments[1], atoi(arguments[2]));
        connection->random = (seed * 1000003 + (uint64_t)index) * 0x9e3779b97f4a7c15 | 1;
        connection->generations = calloc((size_t)keys, sizeof *connection->generations);
        connection->in = malloc(in_capacity);
        connection->out = malloc(out_capacity);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
        epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event);
    }
    uint64_t begin = now_ns(), deadline = begin + (uint64_t)(seconds * 1e9);
    for (int index = 0; index < connections; index++) {
        refill(&all[index], index, deadline);
        transmit(epoll, &all[index], index);
    }
    while (done < started || may_start(deadline)) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, 30000);
        if (ready == 0) {
            errno = ETIMEDOUT;
            die("no answer for 30 s");
        }
        for (int event = 0; event < ready; event++) {
            int index = (int)events[event].data.u32;
            if (events[event].events & ~(unsigned)EPOLLOUT) receive(&all[index], index);
            refill(&all[index], index, deadline);
            transmit(epoll, &all[index], index);
        }
    }
    double took = (double)(now_ns() - begin) / 1e9;
    qsort(latencies, latency_count, sizeof *latencies, compare);
    double p50 = latency_count ? (double)latencies[latency_count / 2] / 1e6 : 0;
    double p99 = latency_count ? (double)latencies[latency_count * 99 / 100] / 1e6 : 0;
    printf("{\"requests\": %ld, \"seconds\": %.3f, \"requests_per_second\": %.1f, \"hits\": %ld, \"misses\": %ld, \"refused\": %ld, \"wrong\": %ld, "
           "\"first_wrong\": \"%s\", \"latency_ms_p50\": %.3f, \"latency_ms_p99\": %.3f}\n", done, took, (double)done / took, hits, misses, refused, wrong, first_wrong, p50, p99);
    return wrong ? 1 : 0;
}
