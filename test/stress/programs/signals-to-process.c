// Real-time signals sent to the process each arrive once, although threads block, unblock, wait for them and end meanwhile.
#include "stress.h"

enum { takers = 4 };

static atomic_ulong handled;
static atomic_int stop;
static sigset_t only;

static void on_signal(int number) {
    (void)number;
    atomic_fetch_add(&handled, 1);
}

/// Short-lived: blocks and unblocks at random, then ends while signals may be on their way to it.
static void *pass_by(void *argument) {
    random_source r = random_of((uint64_t)(intptr_t)argument + (uint64_t)now_ms());
    for (int count = 0; count < 20; count++) {
        must(pthread_sigmask(below(&r, 2) ? SIG_BLOCK : SIG_UNBLOCK, &only, NULL) == 0);
        if (!below(&r, 4)) sched_yield();
    }
    return NULL;
}

static void *take(void *argument) {
    const intptr_t self = (intptr_t)argument;
    if (self == 0) {
        must(pthread_sigmask(SIG_BLOCK, &only, NULL) == 0);
        const struct timespec short_while = {0, 500000};
        while (!atomic_load(&stop)) {
            const int number = sigtimedwait(&only, NULL, &short_while);
            if (number == SIGRTMIN + 2) atomic_fetch_add(&handled, 1);
            else must(number == -1 && (errno == EAGAIN || errno == EINTR));
        }
        return NULL;
    }
    while (!atomic_load(&stop)) run_threads(3, pass_by);
    return NULL;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    sigemptyset(&only);
    sigaddset(&only, SIGRTMIN + 2);
    must(sigaction(SIGRTMIN + 2, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART}, NULL) == 0);
    // The main thread would be everybody's first choice.
    must(pthread_sigmask(SIG_BLOCK, &only, NULL) == 0);
    pthread_t threads[takers];
    for (intptr_t index = 0; index < takers; index++) must(pthread_create(&threads[index], NULL, take, (void *)index) == 0);
    unsigned long sent = 0;
    while (!time_is_up()) {
        for (int count = 0; count < 10; count++) {
            if (sigqueue(getpid(), SIGRTMIN + 2, (union sigval){0}) == 0) sent++;
            else must(errno == EAGAIN);
        }
        // Each burst must be taken before the next: a signal that nobody is told of would stay for ever.
        const int64_t patience = now_ms() + 20000;
        while (atomic_load(&handled) < sent) {
            must_say(now_ms() < patience, "%lu signals sent, %lu arrived", sent, (unsigned long)atomic_load(&handled));
            sched_yield();
        }
    }
    atomic_store(&stop, 1);
    for (int index = 0; index < takers; index++) must(pthread_join(threads[index], NULL) == 0);
    must_say(atomic_load(&handled) == sent, "%lu signals sent, %lu arrived", sent, (unsigned long)atomic_load(&handled));
    finish("signals-to-process");
    return 0;
}
