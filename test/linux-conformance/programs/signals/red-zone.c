// The 128 bytes below the stack pointer of a leaf stay as they are under a storm of signals and preemptions.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/time.h>

static volatile long ticks;
static void handler(int number) {
    char spoil[512];
    memset(spoil, number, sizeof spoil);
    __asm__ volatile("" ::"r"(spoil) : "memory");
    ticks++;
}

/// Fills its red zone (System V ABI 3.2.2), spins, and returns how many of the sixteen words changed.
long red_zone_damage(unsigned long seed);
__asm__(
    ".text\n.globl red_zone_damage\nred_zone_damage:\n"
    "mov $-128, %rcx\n"
    "1: lea (%rdi,%rcx), %rdx\nmov %rdx, (%rsp,%rcx)\nadd $8, %rcx\njnz 1b\n"
    "mov $20000, %ecx\n2: dec %ecx\njnz 2b\n"
    "xor %eax, %eax\nmov $-128, %rcx\n"
    "3: lea (%rdi,%rcx), %rdx\ncmp %rdx, (%rsp,%rcx)\nje 4f\ninc %rax\n4: add $8, %rcx\njnz 3b\n"
    "ret\n");

static volatile int stop;
static void *disturb(void *argument) {
    (void)argument;
    long damage = 0;
    for (unsigned long seed = 77; !stop; seed += 3) damage += red_zone_damage(seed);
    return (void *)damage;
}

int main(void) {
    pthread_t threads[2];
    for (int index = 0; index < 2; index++) must(pthread_create(&threads[index], NULL, disturb, NULL) == 0);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {.it_value = {0, 500}, .it_interval = {0, 500}};
    setitimer(ITIMER_REAL, &timer, NULL);
    long damage = 0;
    for (unsigned long seed = 1; ticks < 200; seed += 0x9e3779b97f4a7c15) damage += red_zone_damage(seed);
    timer = (struct itimerval){0};
    setitimer(ITIMER_REAL, &timer, NULL);
    stop = 1;
    for (int index = 0; index < 2; index++) {
        void *other;
        pthread_join(threads[index], &other);
        damage += (long)other;
    }
    say("damaged words: %ld\n", damage);
    return 0;
}
