// A handler changes registers of the interrupted code: RIP skips the faulting load, RAX gets a value.
// variants: dynamic static musl
#include "../conformance.h"
#include <ucontext.h>

extern char faulting_load[], after_load[];

static void handler(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    ucontext_t *registers = context;
    say_truth("RIP at the load", (char *)registers->uc_mcontext.gregs[REG_RIP] == faulting_load);
    say_truth("RBX seen", registers->uc_mcontext.gregs[REG_RBX] == 0x1122334455667788);
    say("trap number %lld, error code %lld\n", registers->uc_mcontext.gregs[REG_TRAPNO], registers->uc_mcontext.gregs[REG_ERR]);
    registers->uc_mcontext.gregs[REG_RIP] = (greg_t)after_load;
    registers->uc_mcontext.gregs[REG_RAX] = 4711;
    registers->uc_mcontext.gregs[REG_RBX] = 815;
}

__attribute__((noinline)) static void fault(long *rax, long *rbx) {
    long value, other;
    __asm__ volatile(
        "movabs $0x1122334455667788, %%rbx\n"
        "xor %%eax, %%eax\n"
        ".globl faulting_load\nfaulting_load: mov (%%rax), %%rax\n"
        ".globl after_load\nafter_load: nop\n"
        : "=a"(value), "=b"(other)::"memory");
    *rax = value;
    *rbx = other;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    long rax, rbx;
    for (int round = 0; round < 3; round++) {
        fault(&rax, &rbx);
        say("RAX %ld, RBX %ld\n", rax, rbx);
    }
    return 0;
}
