// Endless recursion in a thread hits the guard page; the handler on the alternate stack can still run and jump out.
// variants: dynamic static musl
#include "../conformance.h"
#include <setjmp.h>

static sigjmp_buf back;
static char *guard_low, *guard_high;

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    say("signal %d, address in the guard page: %s\n", number,
        (char *)info->si_addr >= guard_low && (char *)info->si_addr < guard_high ? "yes" : "no");
    siglongjmp(back, 1);
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline)) static long recurse(long depth) {
    volatile char local[256];
    local[0] = (char)depth;
    return recurse(depth + 1) + local[0];
}

static void *body(void *argument) {
    (void)argument;
    stack_t alternate = {.ss_sp = malloc(65536), .ss_size = 65536};
    must(sigaltstack(&alternate, NULL) == 0);
    for (volatile int round = 0; round < 2; round++) {
        if (sigsetjmp(back, 1) == 0) recurse(0);
        else say("recovered\n");
    }
    return NULL;
}

int main(void) {
    size_t stack_size = 256 * 1024;
    char *area = mmap(NULL, stack_size + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(area != MAP_FAILED);
    guard_low = area;
    guard_high = area + 65536;
    must(mprotect(area, 65536, PROT_NONE) == 0);
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    must(pthread_attr_setstack(&attributes, guard_high, stack_size) == 0);
    pthread_t thread;
    must(pthread_create(&thread, &attributes, body, NULL) == 0);
    pthread_join(thread, NULL);
    return 0;
}
