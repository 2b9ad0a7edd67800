// Signals rain on threads that compute: vector registers, the red zone, the alternate stack and restarted reads stay right.
// compile: -mavx2 -O2
#include "stress.h"

#include <immintrin.h>
#include <sys/time.h>

enum { computers = 3, senders = 2 };

static atomic_int stop, prepared;
static atomic_ulong delivered[NSIG];
static pthread_t threads[computers + 1];
static int pipe_ends[2];
static __thread unsigned char *alternate;
enum { alternate_size = 65536 };

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)info, (void)context;
    atomic_fetch_add(&delivered[number], 1);
    // Spoils every vector register that the interrupted code may be using.
    __m256d a = _mm256_set1_pd((double)number);
    for (int index = 0; index < 4; index++) a = _mm256_mul_pd(a, _mm256_set1_pd(1.5));
    volatile double sink[4];
    _mm256_storeu_pd((double *)sink, a);
    __asm__ volatile("vpcmpeqd %%ymm0, %%ymm0, %%ymm0; vpcmpeqd %%ymm15, %%ymm15, %%ymm15; vpxor %%ymm7, %%ymm7, %%ymm7" ::: "xmm0", "xmm7", "xmm15");
    if (number == SIGUSR2) {
        unsigned char here;
        must_say(&here >= alternate && &here < alternate + alternate_size, "handler of SIGUSR2 runs at %p, alternate stack %p", (void *)&here,
                 (void *)alternate);
    }
}

/// A leaf function with its data below the stack pointer; loops so that it is interrupted there.
__attribute__((noinline)) static uint64_t use_red_zone(uint64_t value) {
    uint64_t result;
    __asm__ volatile(
        "mov %1, -8(%%rsp); mov %1, -64(%%rsp); mov %1, -128(%%rsp); mov $3000, %%ecx;"
        "1: dec %%ecx; jnz 1b;"
        "mov -8(%%rsp), %0; xor -64(%%rsp), %0; add -128(%%rsp), %0"
        : "=&r"(result)
        : "r"(value)
        : "rcx", "memory", "cc");
    return result;
}

/// All sixteen vector registers hold known values over a long loop.
__attribute__((noinline)) static int vectors_survive(uint64_t value) {
    uint64_t out[16][4];
    __asm__ volatile(
        "vmovq %0, %%xmm0; vpbroadcastq %%xmm0, %%ymm0;"
        "vpaddq %%ymm0, %%ymm0, %%ymm1; vpaddq %%ymm1, %%ymm0, %%ymm2; vpaddq %%ymm2, %%ymm0, %%ymm3; vpaddq %%ymm3, %%ymm0, %%ymm4;"
        "vpaddq %%ymm4, %%ymm0, %%ymm5; vpaddq %%ymm5, %%ymm0, %%ymm6; vpaddq %%ymm6, %%ymm0, %%ymm7; vpaddq %%ymm7, %%ymm0, %%ymm8;"
        "vpaddq %%ymm8, %%ymm0, %%ymm9; vpaddq %%ymm9, %%ymm0, %%ymm10; vpaddq %%ymm10, %%ymm0, %%ymm11; vpaddq %%ymm11, %%ymm0, %%ymm12;"
        "vpaddq %%ymm12, %%ymm0, %%ymm13; vpaddq %%ymm13, %%ymm0, %%ymm14; vpaddq %%ymm14, %%ymm0, %%ymm15;"
        "mov $5000, %%ecx; 1: dec %%ecx; jnz 1b;"
        "vmovdqu %%ymm0, 0(%1); vmovdqu %%ymm1, 32(%1); vmovdqu %%ymm2, 64(%1); vmovdqu %%ymm3, 96(%1); vmovdqu %%ymm4, 128(%1);"
        "vmovdqu %%ymm5, 160(%1); vmovdqu %%ymm6, 192(%1); vmovdqu %%ymm7, 224(%1); vmovdqu %%ymm8, 256(%1); vmovdqu %%ymm9, 288(%1);"
        "vmovdqu %%ymm10, 320(%1); vmovdqu %%ymm11, 352(%1); vmovdqu %%ymm12, 384(%1); vmovdqu %%ymm13, 416(%1); vmovdqu %%ymm14, 448(%1);"
        "vmovdqu %%ymm15, 480(%1)"
        :
        : "r"(value), "r"(out)
        : "rcx", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
          "xmm13", "xmm14", "xmm15");
    for (uint64_t index = 0; index < 16; index++)
        for (int lane = 0; lane < 4; lane++)
            if (out[index][lane] != value * (index + 1)) return (int)index;
    return -1;
}

static void use_alternate_stack(void) {
    alternate = mmap(NULL, alternate_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(alternate != MAP_FAILED);
    stack_t stack = {.ss_sp = alternate, .ss_size = alternate_size};
    must(sigaltstack(&stack, NULL) == 0);
    atomic_fetch_add(&prepared, 1);
}

static void *compute(void *argument) {
    use_alternate_stack();
    random_source r = random_of((uint64_t)(intptr_t)argument);
    double sum = 0, expected = 0;
    while (!atomic_load(&stop)) {
        const uint64_t value = next_random(&r) >> 8;
        must(use_red_zone(value) == value);
        const int spoilt = vectors_survive(value);
        must_say(spoilt < 0, "ymm%d lost its value", spoilt);
        sum = 0;
        for (int index = 1; index <= 2000; index++) sum += 1.0 / index;
        if (expected == 0) expected = sum;
        must(sum == expected);
        must(getpid() > 0);
        struct timespec nap = {0, 20000}, left;
        if (!below(&r, 16) && nanosleep(&nap, &left) < 0) must(errno == EINTR);
    }
    return NULL;
}

/// SA_RESTART: the reader never sees EINTR, and gets every byte in order.
static void *read_on(void *argument) {
    (void)argument;
    use_alternate_stack();
    unsigned char next = 0;
    for (;;) {
        unsigned char bytes[64];
        const ssize_t got = read(pipe_ends[0], bytes, sizeof bytes);
        must(got >= 0);
        if (got == 0) return NULL;
        for (ssize_t index = 0; index < got; index++, next++) must(bytes[index] == next);
    }
}

static void *send(void *argument) {
    random_source r = random_of(100 + (uint64_t)(intptr_t)argument);
    static const int numbers[] = {SIGUSR1, SIGUSR2, SIGURG};
    while (!atomic_load(&stop)) {
        for (int count = 0; count < 8; count++) {
            const int number = below(&r, 12) ? numbers[below(&r, 3)] : SIGRTMIN;
            const int result = pthread_kill(threads[below(&r, computers + 1)], number);
            must(result == 0 || (number == SIGRTMIN && result == EAGAIN));
        }
        if (below(&r, 2)) usleep(100);
        else sched_yield();
    }
    return NULL;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const int numbers[] = {SIGUSR1, SIGUSR2, SIGURG, SIGALRM, SIGRTMIN, SIGRTMIN + 1};
    for (unsigned index = 0; index < sizeof numbers / sizeof *numbers; index++) {
        struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
        if (numbers[index] == SIGUSR2) action.sa_flags |= SA_ONSTACK;
        must(sigaction(numbers[index], &action, NULL) == 0);
    }
    must(pipe(pipe_ends) == 0);
    for (intptr_t index = 0; index < computers; index++) must(pthread_create(&threads[index], NULL, compute, (void *)index) == 0);
    must(pthread_create(&threads[computers], NULL, read_on, NULL) == 0);
    while (atomic_load(&prepared) < computers + 1) sched_yield();
    pthread_t sending[senders];
    for (intptr_t index = 0; index < senders; index++) must(pthread_create(&sending[index], NULL, send, (void *)index) == 0);

    use_alternate_stack();
    const struct itimerval often = {{0, 1000}, {0, 1000}};
    must(setitimer(ITIMER_REAL, &often, NULL) == 0);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1};
    must(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    const struct itimerspec thousand = {{0, 1000000}, {0, 1000000}};
    must(timer_settime(timer, 0, &thousand, NULL) == 0);
    for (int round = 0; round < 100 || !time_is_up(); round++) {
        const unsigned char next = (unsigned char)round;
        must(write(pipe_ends[1], &next, 1) == 1);
        struct timespec nap = {0, 200000};
        if (nanosleep(&nap, NULL) < 0) must(errno == EINTR);
    }
    atomic_store(&stop, 1);
    for (int index = 0; index < senders; index++) must(pthread_join(sending[index], NULL) == 0);
    for (int index = 0; index < computers; index++) must(pthread_join(threads[index], NULL) == 0);
    must(close(pipe_ends[1]) == 0);
    must(pthread_join(threads[computers], NULL) == 0);
    must(delivered[SIGUSR1] && delivered[SIGUSR2] && delivered[SIGALRM] && delivered[SIGRTMIN + 1]);
    finish("signal-storm");
    return 0;
}
