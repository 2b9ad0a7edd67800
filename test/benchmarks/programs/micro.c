/// Every row of the micro-benchmark table, in nanoseconds an operation, as one JSON object on standard output.
///
/// Meant for QEMU's `-icount shift=0,sleep=off`, where a nanosecond of guest time is one instruction. The same
/// static binary runs on Linux and on OS^v. Arguments choose rows; none means all.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <cpuid.h>
#include <errno.h>
#include <linux/futex.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    printf("{\"error\": \"%s: errno %d\"}\n", what, errno);
    fflush(stdout);
    _exit(1);
}
#define CHECK(expression) do { if (!(expression)) fail(#expression); } while (0)

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/// One CPU, so that a ping-pong is two switches and never an idle wake-up.
static void bind_to_first_cpu(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static pthread_t start(void *(*body)(void *), void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, argument) == 0);
    return thread;
}

static double trivial_call(void) {
    enum { ROUNDS = 100000 };
    for (int round = 0; round < 1000; round++) syscall(SYS_getppid);
    uint64_t begin = now();
    for (int round = 0; round < ROUNDS; round++) {
        long result;
        __asm__ volatile("syscall" : "=a"(result) : "0"(SYS_getppid) : "rcx", "r11", "memory");
    }
    return (double)(now() - begin) / ROUNDS;
}

static double clock_reading(void) {
    enum { ROUNDS = 100000 };
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    uint64_t begin = now();
    for (int round = 0; round < ROUNDS; round++) clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)(now() - begin) / ROUNDS;
}

enum { FUTEX_ROUNDS = 5000 };
static uint32_t futex_turn;

static void futex_pass(uint32_t from, uint32_t to, int rounds) {
    for (int round = 0; round < rounds; round++) {
        while (__atomic_load_n(&futex_turn, __ATOMIC_ACQUIRE) != from)
            syscall(SYS_futex, &futex_turn, FUTEX_WAIT_PRIVATE, to, NULL, NULL, 0);
        __atomic_store_n(&futex_turn, to, __ATOMIC_RELEASE);
        syscall(SYS_futex, &futex_turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}
static void *futex_partner(void *rounds) {
    futex_pass(1, 0, (int)(long)rounds);
    return NULL;
}
static double futex_ping_pong(void) {
    futex_turn = 0;
    pthread_t partner = start(futex_partner, (void *)(long)(FUTEX_ROUNDS + 100));
    futex_pass(0, 1, 100);
    uint64_t begin = now();
    futex_pass(0, 1, FUTEX_ROUNDS);
    double result = (double)(now() - begin) / FUTEX_ROUNDS;
    pthread_join(partner, NULL);
    return result;
}

enum { YIELDS = 20000 };
static volatile int yielding;
static void *yield_partner(void *argument) {
    (void)argument;
    while (yielding) sched_yield();
    return NULL;
}
/// Both threads do nothing but yield: each call is one switch, and the caller gets every second one.
static double yield_switch(void) {
    yielding = 1;
    pthread_t partner = start(yield_partner, NULL);
    for (int round = 0; round < 100; round++) sched_yield();
    uint64_t begin = now();
    for (int round = 0; round < YIELDS; round++) sched_yield();
    double result = (double)(now() - begin) / (2.0 * YIELDS);
    yielding = 0;
    pthread_join(partner, NULL);
    return result;
}

enum { EVENT_ROUNDS = 5000 };
static int event_ping, event_pong;
static void *event_partner(void *argument) {
    (void)argument;
    uint64_t value;
    for (int round = 0; round < EVENT_ROUNDS + 100; round++) {
        CHECK(read(event_ping, &value, 8) == 8);
        CHECK(write(event_pong, &value, 8) == 8);
    }
    return NULL;
}
static double eventfd_ping_pong(void) {
    event_ping = eventfd(0, 0);
    event_pong = eventfd(0, 0);
    pthread_t partner = start(event_partner, NULL);
    uint64_t value = 1, begin = 0;
    for (int round = 0; round < EVENT_ROUNDS + 100; round++) {
        if (round == 100) begin = now();
        CHECK(write(event_ping, &value, 8) == 8);
        CHECK(read(event_pong, &value, 8) == 8);
    }
    double result = (double)(now() - begin) / EVENT_ROUNDS;
    pthread_join(partner, NULL);
    close(event_ping);
    close(event_pong);
    return result;
}

static void *nothing(void *argument) { return argument; }
static double thread_create_join(void) {
    enum { ROUNDS = 300 };
    for (int round = 0; round < 20; round++) pthread_join(start(nothing, NULL), NULL);
    uint64_t begin = now();
    for (int round = 0; round < ROUNDS; round++) pthread_join(start(nothing, NULL), NULL);
    return (double)(now() - begin) / ROUNDS;
}

enum { TOUCH_BYTES = 64 << 20 };
static double unmap_cost;
/// First touch of 64 MiB; leaves what its munmap costs in unmap_cost.
static double first_touch(void) {
    volatile char *area = mmap(NULL, TOUCH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    uint64_t begin = now();
    for (size_t at = 0; at < TOUCH_BYTES; at += 4096) area[at] = 1;
    double result = (double)(now() - begin) / (TOUCH_BYTES / 4096);
    begin = now();
    CHECK(munmap((void *)area, TOUCH_BYTES) == 0);
    unmap_cost = (double)(now() - begin) / (TOUCH_BYTES / 4096);
    return result;
}
static double unmapping(void) {
    if (unmap_cost == 0) first_touch();
    return unmap_cost;
}

static double small_mapping(void) {
    enum { ROUNDS = 1000 };
    uint64_t begin = 0;
    for (int round = 0; round < ROUNDS + 20; round++) {
        if (round == 20) begin = now();
        volatile char *area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(area != MAP_FAILED);
        area[0] = 1;
        CHECK(munmap((void *)area, 8192) == 0);
    }
    return (double)(now() - begin) / ROUNDS;
}

static double pipe_byte(void) {
    enum { ROUNDS = 20000 };
    int ends[2];
    CHECK(pipe(ends) == 0);
    char byte = 0;
    uint64_t begin = 0;
    for (int round = 0; round < ROUNDS + 100; round++) {
        if (round == 100) begin = now();
        CHECK(write(ends[1], &byte, 1) == 1);
        CHECK(read(ends[0], &byte, 1) == 1);
    }
    double result = (double)(now() - begin) / ROUNDS;
    close(ends[0]);
    close(ends[1]);
    return result;
}

/// Linux guests start with the loopback interface down; where the call is unknown it is not needed.
static void loopback_up(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
}

enum { TCP_ROUNDS = 1500, TCP_BYTES = 64 };
static void *tcp_partner(void *argument) {
    int fd = accept((int)(long)argument, NULL, NULL), one = 1;
    CHECK(fd >= 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    char message[TCP_BYTES];
    while (recv(fd, message, TCP_BYTES, MSG_WAITALL) == TCP_BYTES) CHECK(send(fd, message, TCP_BYTES, 0) == TCP_BYTES);
    close(fd);
    return NULL;
}
static double tcp_request_response(void) {
    loopback_up();
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    CHECK(bind(listener, (struct sockaddr *)&address, length) == 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    pthread_t partner = start(tcp_partner, (void *)(long)listener);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    char message[TCP_BYTES] = {0};
    uint64_t begin = 0;
    for (int round = 0; round < TCP_ROUNDS + 100; round++) {
        if (round == 100) begin = now();
        CHECK(send(fd, message, TCP_BYTES, 0) == TCP_BYTES);
        CHECK(recv(fd, message, TCP_BYTES, MSG_WAITALL) == TCP_BYTES);
    }
    double result = (double)(now() - begin) / TCP_ROUNDS;
    close(fd);
    pthread_join(partner, NULL);
    close(listener);
    return result;
}

/// What clearing one page counts as, under -icount: `rep stosb` where the processor says it is fast, else `rep stosq`.
static int zeroing_count(void) {
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return 512;
    return ebx & (1u << 9) ? 4096 : 512;
}

static const struct { const char *name; double (*measure)(void); } rows[] = {
    {"trivial_call", trivial_call}, {"clock_gettime", clock_reading}, {"futex_ping_pong", futex_ping_pong},
    {"sched_yield", yield_switch}, {"eventfd_ping_pong", eventfd_ping_pong}, {"thread_create_join", thread_create_join},
    {"first_touch", first_touch}, {"munmap", unmapping}, {"small_mapping", small_mapping},
    {"pipe_byte", pipe_byte}, {"tcp_request_response", tcp_request_response},
};

int main(int count, char **arguments) {
    bind_to_first_cpu();
    printf("{\"zeroing\": %d", zeroing_count());
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        int wanted = count < 2;
        for (int index = 1; index < count; index++) wanted |= strcmp(arguments[index], rows[row].name) == 0;
        if (!wanted) continue;
        printf(", \"%s\": %.1f", rows[row].name, rows[row].measure());
        fflush(stdout);
    }
    printf("}\n");
    return 0;
}
