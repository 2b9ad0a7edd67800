// Deep recursion in many threads at once: each gets SIGSEGV on its alternate stack, climbs out, and does it again.
#include "stress.h"

#include <setjmp.h>

enum { workers = 6 };

static __thread sigjmp_buf out;
static __thread char *low, *alternate;
static atomic_ulong overflows;

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    char here;
    must(&here >= alternate && &here < alternate + 65536);
    must_say(info->si_code == SEGV_ACCERR || info->si_code == SEGV_MAPERR, "si_code %d", info->si_code);
    atomic_fetch_add(&overflows, 1);
    siglongjmp(out, 1);
}

__attribute__((noinline)) static int descend(int depth, volatile char *above) {
    volatile char frame[900];
    frame[depth % 900] = (char)depth;
    low = (char *)frame;
    if (depth > 100000000) return above[0];
    return descend(depth + 1, frame) + frame[depth % 900];
}

static void *work(void *argument) {
    (void)argument;
    alternate = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(alternate != MAP_FAILED);
    must(sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = 65536}, NULL) == 0);
    volatile int rounds = 0;
    while (!time_is_up() || rounds == 0) {
        rounds++;
        volatile char top = 0;
        if (sigsetjmp(out, 1) == 0) {
            descend(0, &top);
            must(!"the stack has no end");
        }
    }
    must(munmap(alternate, 65536) == 0 || 1);
    return NULL;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    must(sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK}, NULL) == 0);
    pthread_attr_t attributes;
    must(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
    pthread_t threads[workers];
    for (int index = 0; index < workers; index++) must(pthread_create(&threads[index], &attributes, work, NULL) == 0);
    work(NULL);  // the main thread's stack grows by itself, to RLIMIT_STACK
    for (int index = 0; index < workers; index++) must(pthread_join(threads[index], NULL) == 0);
    must(atomic_load(&overflows) > workers);
    finish("stack-overflows");
    return 0;
}
