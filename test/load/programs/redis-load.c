/// A mixed load for Redis whose every answer is checked: strings, counters, lists and deletions.
///
///   redis-load HOST PORT [connections=50] [seconds=60] [keys=100] [max-value=4000] [batch=8] [seed=1]
///
/// Each connection is a thread with keys of its own and a model of what they hold; it sends batches of 1 to `batch`
/// commands in one write and compares each answer with the model, byte for byte. Prints one JSON object; exit code 1
/// after the first wrong answer or broken connection.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LIST_LIMIT = 50, REPLY_ROOM = 1 << 20 };

struct key { uint32_t generation; int length; long counter; int list_first, list_count; };

struct client {
    pthread_t thread;
    int index, fd;
    uint64_t random;
    struct key *keys;
    char *out, *expected, *in;
    size_t out_length, expected_length;
    long commands;
};

static const char *host;
static int port, connections = 50, keys = 100, max_value = 4000, max_batch = 8;
static double seconds = 60;
static uint64_t seed = 1;
static volatile int stop;
static char problem[256];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/// xorshift64*: the same seed gives the same commands.
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

static void fail(struct client *client, const char *what) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (!problem[0]) snprintf(problem, sizeof problem, "connection %d after %ld commands: %s (%s)", client->index, client->commands, what, strerror(errno));
    pthread_mutex_unlock(&lock);
    stop = 1;
}

static void value_of(char *bytes, int length, int client, int key, uint32_t generation) {
    uint64_t state = ((uint64_t)client << 48) ^ ((uint64_t)key << 32) ^ generation ^ 0x9e3779b97f4a7c15;
    for (int at = 0; at < length; at++) bytes[at] = (char)next_random(&state);  // any byte: Redis is binary safe
}

static void add(char *buffer, size_t *length, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(char *buffer, size_t *length, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    *length += (size_t)vsprintf(buffer + *length, format, arguments);
    va_end(arguments);
}

#define OUT(...) add(client->out, &client->out_length, __VA_ARGS__)
#define EXPECT(...) add(client->expected, &client->expected_length, __VA_ARGS__)

static void out_word(struct client *client, const char *word) { OUT("$%zu\r\n%s\r\n", strlen(word), word); }

static void name_of(char *name, struct client *client, char kind, int key) { sprintf(name, "%c:%d:%d", kind, client->index, key); }

static void set_or_get(struct client *client, int number, int set) {
    struct key *key = &client->keys[number];
    char name[64];
    name_of(name, client, 's', number);
    if (set) {
        key->generation++;
        key->length = (int)(next_random(&client->random) % (uint64_t)max_value) + 1;
        OUT("*3\r\n");
        out_word(client, "SET");
        out_word(client, name);
        OUT("$%d\r\n", key->length);
        value_of(client->out + client->out_length, key->length, client->index, number, key->generation);
        client->out_length += (size_t)key->length;
        OUT("\r\n");
        EXPECT("+OK\r\n");
        return;
    }
    OUT("*2\r\n");
    out_word(client, "GET");
    out_word(client, name);
    if (key->length == 0) {
        EXPECT("$-1\r\n");
        return;
    }
    EXPECT("$%d\r\n", key->length);
    value_of(client->expected + client->expected_length, key->length, client->index, number, key->generation);
    client->expected_length += (size_t)key->length;
    EXPECT("\r\n");
}

static void push_or_list(struct client *client, int number, int push) {
    struct key *key = &client->keys[number];
    char name[64], item[64];
    name_of(name, client, 'l', number);
    if (push) {
        sprintf(item, "item-%d-%d", number, key->list_first + key->list_count);
        OUT("*3\r\n");
        out_word(client, "RPUSH");
        out_word(client, name);
        out_word(client, item);
        EXPECT(":%d\r\n", ++key->list_count);
        if (key->list_count <= LIST_LIMIT) return;
        sprintf(item, "item-%d-%d", number, key->list_first++);
        key->list_count--;
        OUT("*2\r\n");
        out_word(client, "LPOP");
        out_word(client, name);
        EXPECT("$%zu\r\n%s\r\n", strlen(item), item);
        return;
    }
    OUT("*4\r\n");
    out_word(client, "LRANGE");
    out_word(client, name);
    out_word(client, "0");
    out_word(client, "-1");
    EXPECT("*%d\r\n", key->list_count);
    for (int index = 0; index < key->list_count; index++) {
        sprintf(item, "item-%d-%d", number, key->list_first + index);
        EXPECT("$%zu\r\n%s\r\n", strlen(item), item);
    }
}

static void count_up(struct client *client, int number) {
    char name[64];
    name_of(name, client, 'c', number);
    OUT("*2\r\n");
    out_word(client, "INCR");
    out_word(client, name);
    EXPECT(":%ld\r\n", ++client->keys[number].counter);
}

static void delete_string(struct client *client, int number) {
    char name[64];
    name_of(name, client, 's', number);
    OUT("*2\r\n");
    out_word(client, "DEL");
    out_word(client, name);
    EXPECT(":%d\r\n", client->keys[number].length > 0);
    client->keys[number].length = 0;
}

static void queue_command(struct client *client) {
    uint64_t random = next_random(&client->random);
    int number = (int)((random >> 8) % (uint64_t)keys), kind = (int)((random >> 40) % 100);
    if (kind < 25) set_or_get(client, number, 1);
    else if (kind < 60) set_or_get(client, number, 0);
    else if (kind < 70) count_up(client, number);
    else if (kind < 85) push_or_list(client, number, 1);
    else if (kind < 95) push_or_list(client, number, 0);
    else delete_string(client, number);
    client->commands++;
}

static int exchange(struct client *client) {
    for (size_t done = 0; done < client->out_length;) {
        ssize_t sent = send(client->fd, client->out + done, client->out_length - done, MSG_NOSIGNAL);
        if (sent <= 0) return fail(client, "send"), -1;
        done += (size_t)sent;
    }
    for (size_t got = 0; got < client->expected_length;) {
        ssize_t now = recv(client->fd, client->in + got, client->expected_length - got, 0);
        if (now <= 0) return fail(client, now == 0 ? "the server closed" : "receive"), -1;
        if (memcmp(client->in + got, client->expected + got, (size_t)now) != 0) return fail(client, "a wrong answer"), -1;
        got += (size_t)now;
    }
    return 0;
}

static void *work(void *argument) {
    struct client *client = argument;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0) return fail(client, "connect"), NULL;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct timeval patience = {30, 0};
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    size_t room = (size_t)max_batch * (size_t)(max_value + LIST_LIMIT * 64) + REPLY_ROOM;
    client->out = malloc(room), client->expected = malloc(room), client->in = malloc(room);
    while (!stop) {
        client->out_length = client->expected_length = 0;
        int batch = (int)(next_random(&client->random) % (uint64_t)max_batch) + 1;
        for (int index = 0; index < batch; index++) queue_command(client);
        if (exchange(client) != 0) break;
    }
    close(client->fd);
    return NULL;
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "redis-load HOST PORT [option=value]…\n");
        return 2;
    }
    host = arguments[1], port = atoi(arguments[2]);
    for (int index = 3; index < count; index++) {
        char *value = strchr(arguments[index], '=');
        if (!value) continue;
        *value++ = 0;
        if (strcmp(arguments[index], "connections") == 0) connections = atoi(value);
        if (strcmp(arguments[index], "seconds") == 0) seconds = atof(value);
        if (strcmp(arguments[index], "keys") == 0) keys = atoi(value);
        if (strcmp(arguments[index], "max-value") == 0) max_value = atoi(value);
        if (strcmp(arguments[index], "batch") == 0) max_batch = atoi(value);
        if (strcmp(arguments[index], "seed") == 0) seed = strtoull(value, NULL, 10);
    }
    struct client *clients = calloc((size_t)connections, sizeof *clients);
    double start = now();
    for (int index = 0; index < connections; index++) {
        clients[index].index = index;
        clients[index].random = (seed * 1000003 + (uint64_t)index) * 0x9e3779b97f4a7c15 | 1;
        clients[index].keys = calloc((size_t)keys, sizeof(struct key));
        if (pthread_create(&clients[index].thread, NULL, work, &clients[index]) != 0) return 2;
    }
    while (!stop && now() - start < seconds) usleep(50000);
    stop = 1;
    long commands = 0;
    for (int index = 0; index < connections; index++) {
        pthread_join(clients[index].thread, NULL);
        commands += clients[index].commands;
    }
    double took = now() - start;
    printf("{\"commands\": %ld, \"seconds\": %.2f, \"commands_per_second\": %.0f, \"problem\": \"%s\"}\n", commands, took, (double)commands / took, problem);
    return problem[0] ? 1 : 0;
}
