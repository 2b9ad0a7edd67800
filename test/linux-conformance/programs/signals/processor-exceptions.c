// Division by zero, an invalid opcode and a breakpoint become SIGFPE, SIGILL and SIGTRAP.
// variants: dynamic static musl
// (No SSE exception: QEMU's TCG raises none, on Linux neither.)
#include "../conformance.h"
#include <setjmp.h>

static sigjmp_buf back;

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    const char *code = "other";
    if (number == SIGFPE) code = info->si_code == FPE_INTDIV ? "FPE_INTDIV" : code;
    if (number == SIGILL) code = info->si_code == ILL_ILLOPN ? "ILL_ILLOPN" : code;
    if (number == SIGTRAP) code = info->si_code == SI_KERNEL ? "SI_KERNEL" : info->si_code == TRAP_BRKPT ? "TRAP_BRKPT" : code;
    say("%s %s\n", number == SIGFPE ? "SIGFPE" : number == SIGILL ? "SIGILL" : number == SIGTRAP ? "SIGTRAP" : "other", code);
    if (number == SIGTRAP) return;
    siglongjmp(back, 1);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    volatile int zero = 0, result = 0;
    if (sigsetjmp(back, 1) == 0) result = 10 / zero;
    if (sigsetjmp(back, 1) == 0) __asm__ volatile("ud2");
    __asm__ volatile("int3");
    say("after the breakpoint\n");
    return result;
}
