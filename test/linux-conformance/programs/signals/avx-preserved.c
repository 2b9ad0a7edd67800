// The upper halves of AVX registers survive signals and other threads that use AVX (skipped where there is no AVX).
// variants: dynamic static
#include "../conformance.h"
#include <sys/time.h>

static volatile int stop;
static volatile long ticks;

__attribute__((target("avx"))) static int kept(const unsigned long *values) {
    unsigned long back[4];
    __asm__ volatile(
        "vmovups (%0), %%ymm7\n"
        "mov $20000, %%ecx\n1: dec %%ecx\njnz 1b\n"
        "vmovups %%ymm7, (%1)\n"
        :: "r"(values), "r"(back) : "ymm7", "ecx", "memory");
    return memcmp(values, back, 32) == 0;
}

__attribute__((target("avx"))) static void handler(int number) {
    (void)number;
    __asm__ volatile("vxorps %%ymm7, %%ymm7, %%ymm7\n" ::: "ymm7");
    ticks++;
}

__attribute__((target("avx"))) static void *disturb(void *argument) {
    (void)argument;
    unsigned long values[4] = {1, 2, 3, 4};
    long bad = 0;
    while (!stop) {
        values[3]++;
        bad += !kept(values);
    }
    return (void *)bad;
}

int main(void) {
    if (!__builtin_cpu_supports("avx")) {
        say("bad 0 and 0\n");
        return 0;
    }
    pthread_t thread;
    must(pthread_create(&thread, NULL, disturb, NULL) == 0);
    signal(SIGALRM, handler);
    struct itimerval timer = {.it_value = {0, 500}, .it_interval = {0, 500}};
    setitimer(ITIMER_REAL, &timer, NULL);
    long bad = 0;
    unsigned long values[4] = {~0ul, 5, 6, 7};
    while (ticks < 100) {
        values[2] += 0x9e3779b97f4a7c15;
        values[3] ^= values[2];
        bad += !kept(values);
    }
    timer = (struct itimerval){0};
    setitimer(ITIMER_REAL, &timer, NULL);
    stop = 1;
    void *other;
    pthread_join(thread, &other);
    say("bad %ld and %ld\n", bad, (long)other);
    return 0;
}
