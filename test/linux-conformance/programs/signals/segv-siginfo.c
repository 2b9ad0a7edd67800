// SIGSEGV tells SEGV_MAPERR or SEGV_ACCERR and the exact address; a jump to no-execute memory faults too.
// variants: dynamic static musl
#include "../conformance.h"
#include <setjmp.h>

static sigjmp_buf back;
static void *expected;

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    say("signal %d %s, address right: %s\n", number,
        info->si_code == SEGV_MAPERR ? "SEGV_MAPERR" : info->si_code == SEGV_ACCERR ? "SEGV_ACCERR" : "other code",
        info->si_addr == expected ? "yes" : "no");
    siglongjmp(back, 1);
}

#define TRY_AT(label, address, statement)      \
    do {                                       \
        expected = (void *)(address);          \
        say("%s: ", label);                    \
        if (sigsetjmp(back, 1) == 0) {         \
            statement;                         \
            say("no fault\n");                 \
        }                                      \
    } while (0)

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(page != MAP_FAILED);
    munmap(page + 2 * 4096, 4096);
    mprotect(page + 4096, 4096, PROT_READ);
    volatile char *bytes = page;
    static const char constant[] = "read only";
    TRY_AT("null read", 0, (void)*(volatile char *)0);
    TRY_AT("null page write", 0x123, *(volatile char *)0x123 = 1);
    TRY_AT("unmapped read", page + 8192 + 77, (void)bytes[8192 + 77]);
    TRY_AT("read-only write", page + 4096 + 5, bytes[4096 + 5] = 1);
    TRY_AT("read-only read", page + 4096 + 5, (void)bytes[4096 + 5]);
    TRY_AT("constant write", constant, *(volatile char *)constant = 'x');
    mprotect(page, 4096, PROT_NONE);
    TRY_AT("no-access read", page + 1, (void)bytes[1]);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    bytes[0] = (char)0xc3;
    TRY_AT("no-execute call", page, ((void (*)(void))page)());
    return 0;
}
