/// Shared by the stress programs. Each one checks itself: it ends with code 0 and the line "NAME: right", or with code 99 and a
/// line that says what was wrong. The first argument is how long it works, in milliseconds; the second a seed.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/// Prints one formatted text with one write(2).
__attribute__((format(printf, 1, 2), unused)) static void say(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof text - 1) length = sizeof text - 1;
    if (write(1, text, (size_t)length) != length) _exit(98);
}

/// Ends the program with code 99 if the expression is false.
#define must(expression)                                                                              \
    do {                                                                                              \
        if (!(expression)) {                                                                          \
            int number_ = errno;                                                                      \
            say("%s:%d: must(%s) failed, errno %d (%s)\n", __FILE__, __LINE__, #expression, number_, strerror(number_)); \
            _exit(99);                                                                                \
        }                                                                                             \
    } while (0)

/// Like must(), with a formatted text that holds the values at hand.
#define must_say(expression, ...)                                                  \
    do {                                                                           \
        if (!(expression)) {                                                       \
            say("%s:%d: must(%s) failed: ", __FILE__, __LINE__, #expression);      \
            say(__VA_ARGS__);                                                      \
            say("\n");                                                             \
            _exit(99);                                                             \
        }                                                                          \
    } while (0)

__attribute__((unused)) static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t deadline_ms;
static uint64_t seed = 1;

/// Reads the arguments; call it first.
__attribute__((unused)) static void begin(int argc, char **argv) {
    deadline_ms = now_ms() + (argc > 1 ? atol(argv[1]) : 1000);
    if (argc > 2) seed = strtoull(argv[2], NULL, 0);
}
__attribute__((unused)) static int time_is_up(void) { return now_ms() >= deadline_ms; }

/// xorshift64*: each thread has its own state.
typedef struct { uint64_t state; } random_source;
__attribute__((unused)) static random_source random_of(uint64_t number) {
    return (random_source){(seed * 0x9e3779b97f4a7c15u) ^ ((number + 1) * 0xbf58476d1ce4e5b9u) ^ 0x94d049bb133111ebu};
}
__attribute__((unused)) static uint64_t next_random(random_source *source) {
    uint64_t x = source->state ? source->state : 88172645463325252u;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    source->state = x;
    return x * 0x2545f4914f6cdd1du;
}
/// 0 ≤ result < bound.
__attribute__((unused)) static uint64_t below(random_source *source, uint64_t bound) { return (next_random(source) >> 11) % bound; }

/// FNV-1a; start with HASH_START.
#define HASH_START 14695981039346656037u
__attribute__((unused)) static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length) {
    for (size_t index = 0; index < length; index++) hash = (hash ^ ((const unsigned char *)bytes)[index]) * 1099511628211u;
    return hash;
}

/// Starts `count` threads on function(index) and waits for all.
__attribute__((unused)) static void run_threads(int count, void *(*function)(void *)) {
    pthread_t *threads = malloc((size_t)count * sizeof *threads);
    must(threads);
    for (int index = 0; index < count; index++) must(pthread_create(&threads[index], NULL, function, (void *)(intptr_t)index) == 0);
    for (int index = 0; index < count; index++) must(pthread_join(threads[index], NULL) == 0);
    free(threads);
}

/// A directory of its own below /tmp, now the working directory.
__attribute__((unused)) static void enter_scratch_directory(void) {
    char path[] = "/tmp/stressXXXXXX";
    must(mkdtemp(path) != NULL);
    must(chdir(path) == 0);
}

/// The program's last words.
__attribute__((unused)) static void finish(const char *name) { say("%s: right\n", name); }
