// x87, SSE and MXCSR state of the interrupted code survive handlers that use the FPU, and a storm of timers.
// variants: dynamic static musl
#include "../conformance.h"
#include <math.h>
#include <sys/time.h>

static volatile long ticks;
static void handler(int number) {
    volatile double spoil = 1.0;
    for (int round = 0; round < 20; round++) spoil = spoil * 1.7 + (double)number;
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0\npcmpeqd %%xmm1, %%xmm1\npcmpeqd %%xmm15, %%xmm15\nfninit\nfldpi\n" ::: "memory");
    ticks++;
}

/// Loads known values into SSE registers, spins, and says whether they are still the same.
static int registers_kept(unsigned long seed) {
    unsigned long first = seed, last = ~seed, first_back, last_back;
    __asm__ volatile(
        "movq %2, %%xmm1\nmovq %3, %%xmm15\n"
        "mov $20000, %%ecx\n1: dec %%ecx\njnz 1b\n"
        "movq %%xmm1, %0\nmovq %%xmm15, %1\n"
        : "=&r"(first_back), "=&r"(last_back) : "r"(first), "r"(last) : "xmm1", "xmm15", "ecx");
    return first_back == first && last_back == last;
}

int main(void) {
    signal(SIGALRM, handler);
    struct itimerval timer = {.it_value = {0, 500}, .it_interval = {0, 500}};
    must(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    int bad = 0;
    volatile long double sum = 0;
    long steps = 0;
    for (unsigned long seed = 1; ticks < 100; seed++) {
        bad += !registers_kept(seed * 0x9e3779b97f4a7c15);
        long double term = 1;
        for (int round = 1; round < 200; round++) term = term * 1.0L + 0.5L;
        sum += term;
        steps++;
    }
    timer = (struct itimerval){0};
    setitimer(ITIMER_REAL, &timer, NULL);
    say("bad registers %d\n", bad);
    say_truth("x87 sum exact", sum == (long double)steps * (1 + 199 * 0.5L));
    return 0;
}
