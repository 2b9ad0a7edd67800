// Division by zero, an invalid opcode, a breakpoint and an SSE exception become SIGFPE, SIGILL and SIGTRAP.
// variants: dynamic static musl
#include "../conformance.h"
#include <setjmp.h>
#include <xmmintrin.h>

static sigjmp_buf back;

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    const char *code = "other";
    if (number == SIGFPE) code = info->si_code == FPE_INTDIV ? "FPE_INTDIV" : info->si_code == FPE_FLTDIV ? "FPE_FLTDIV" : code;
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
    if (sigsetjmp(back, 1) == 0) {
        _mm_setcsr(_mm_getcsr() & ~(unsigned)_MM_MASK_DIV_ZERO);
        volatile double one = 1, none = 0;
        volatile double quotient = one / none;
        (void)quotient;
        say("no SSE exception\n");
    }
    return result;
}
