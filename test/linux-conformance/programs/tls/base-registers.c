// arch_prctl reads and changes the FS base; it survives system calls, signals and preemption.
// variants: dynamic static
#include "../conformance.h"
#include <asm/prctl.h>
#include <sys/time.h>

static volatile long ticks;
static void handler(int number) {
    (void)number;
    ticks++;
}

int main(void) {
    unsigned long base = 0, self;
    say_status("get FS", syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
    __asm__("mov %%fs:0, %0" : "=r"(self));
    say_truth("FS points at itself", base == self);
    say_status("set FS to the same", syscall(SYS_arch_prctl, ARCH_SET_FS, base));
    say_status("bad code", syscall(SYS_arch_prctl, 0x7777, base));
    say_status("FS beyond the end", syscall(SYS_arch_prctl, ARCH_SET_FS, 0x8000000000000000));
    signal(SIGALRM, handler);
    struct itimerval timer = {.it_value = {0, 500}, .it_interval = {0, 500}};
    setitimer(ITIMER_REAL, &timer, NULL);
    int changed = 0;
    while (ticks < 50) {
        unsigned long now;
        __asm__ volatile("mov %%fs:0, %0" : "=r"(now));
        changed += now != self;
    }
    say("changes seen %d\n", changed);
    return 0;
}
