// What a thread was told of for the process and then blocks, or leaves behind, another thread takes.
// variants: dynamic musl
#include "../conformance.h"
#include <semaphore.h>

enum { rounds = 200 };

static pthread_t main_thread;
static sem_t go, second;
static sigset_t both;
static volatile int main_had, other_had;

/// In the main thread, which the kernel prefers: SIGUSR2 is blocked here, so that only the other thread can take it.
static void first_handler(int number) {
    (void)number;
    must(pthread_equal(pthread_self(), main_thread));
    main_had++;
    while (sem_wait(&second) != 0) continue;
}

static void second_handler(int number) {
    (void)number;
    if (!pthread_equal(pthread_self(), main_thread)) other_had++;
    sem_post(&second);
}

/// Takes SIGUSR2 only.
static void *take(void *argument) {
    sigset_t other = both;
    sigdelset(&other, SIGUSR1);
    must(pthread_sigmask(SIG_UNBLOCK, &other, NULL) == 0);
    for (;;) pause();
    return argument;
}

static void *send(void *argument) {
    for (int round = 0; round < rounds; round++) {
        while (sem_wait(&go) != 0) continue;
        must(kill(getpid(), SIGUSR1) == 0 && kill(getpid(), SIGUSR2) == 0);
    }
    return argument;
}

/// Ends with a signal of the process on its way to it.
static void *pass_by(void *argument) {
    must(pthread_sigmask(SIG_UNBLOCK, &both, NULL) == 0);
    return argument;
}

static volatile int arrived;
static void count_arrival(int number) {
    (void)number;
    arrived++;
}

int main(void) {
    sem_init(&go, 0, 0);
    sem_init(&second, 0, 0);
    main_thread = pthread_self();
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    struct sigaction action = {.sa_handler = first_handler};
    sigaddset(&action.sa_mask, SIGUSR2);
    must(sigaction(SIGUSR1, &action, NULL) == 0);
    action = (struct sigaction){.sa_handler = second_handler};
    must(sigaction(SIGUSR2, &action, NULL) == 0);
    must(pthread_sigmask(SIG_BLOCK, &both, NULL) == 0);
    pthread_t taker, sender;
    must(pthread_create(&taker, NULL, take, NULL) == 0 && pthread_create(&sender, NULL, send, NULL) == 0);
    must(pthread_sigmask(SIG_UNBLOCK, &both, NULL) == 0);
    for (int round = 0; round < rounds; round++) {
        sem_post(&go);
        while (main_had == round) sched_yield();
        // SIGUSR2 may have come first and to this thread; then its handler let the first one go.
    }
    must(pthread_join(sender, NULL) == 0);
    say("handled %d\n", main_had);
    say_truth("the other thread had some", other_had > 0);

    // A signal whose chosen thread ends arrives in one that waits for it.
    must(pthread_sigmask(SIG_BLOCK, &both, NULL) == 0);
    must(signal(SIGUSR1, count_arrival) != SIG_ERR);
    sigset_t one = both;
    sigdelset(&one, SIGUSR2);
    int taken = 0;
    for (int round = 0; round < rounds; round++) {
        pthread_t thread;
        must(pthread_create(&thread, NULL, pass_by, NULL) == 0);
        must(kill(getpid(), SIGUSR1) == 0);
        must(pthread_join(thread, NULL) == 0);
        const struct timespec now = {0, 0};
        if (sigtimedwait(&one, NULL, &now) == SIGUSR1) taken++;
    }
    say("each arrived once: %d\n", arrived + taken == rounds);
    return 0;
}
