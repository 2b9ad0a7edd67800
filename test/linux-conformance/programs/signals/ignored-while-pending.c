// A pending signal is gone when its action becomes "ignore", for the process and for every thread; others stay.
// variants: dynamic musl
#include "../conformance.h"
#include <semaphore.h>

static sem_t sent, look;

static void show(const char *label) {
    sigset_t pending;
    must(sigpending(&pending) == 0);
    say("%s: SIGUSR1 %d, SIGCHLD %d, SIGRTMIN %d, SIGUSR2 %d\n", label, sigismember(&pending, SIGUSR1), sigismember(&pending, SIGCHLD),
        sigismember(&pending, SIGRTMIN), sigismember(&pending, SIGUSR2));
}

static void *body(void *argument) {
    must(pthread_kill(pthread_self(), SIGUSR1) == 0 && pthread_kill(pthread_self(), SIGRTMIN) == 0);
    sem_post(&sent);
    while (sem_wait(&look) != 0) continue;
    show("in the thread");
    return argument;
}

static void handler(int number) { say("handler of %s\n", number == SIGUSR2 ? "SIGUSR2" : "something else"); }

int main(void) {
    sem_init(&sent, 0, 0);
    sem_init(&look, 0, 0);
    sigset_t all;
    sigfillset(&all);
    must(sigprocmask(SIG_BLOCK, &all, NULL) == 0);
    must(signal(SIGUSR2, handler) != SIG_ERR && signal(SIGCHLD, handler) != SIG_ERR);
    pthread_t thread;
    must(pthread_create(&thread, NULL, body, NULL) == 0);
    sem_wait(&sent);
    for (int count = 0; count < 3; count++) must(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = count}) == 0);
    must(kill(getpid(), SIGUSR1) == 0 && kill(getpid(), SIGUSR2) == 0 && kill(getpid(), SIGCHLD) == 0);
    show("sent");
    must(signal(SIGUSR1, SIG_IGN) != SIG_ERR && signal(SIGRTMIN, SIG_IGN) != SIG_ERR);
    show("two ignored");
    must(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
    show("SIGCHLD by default");
    must(signal(SIGUSR1, SIG_DFL) != SIG_ERR && signal(SIGRTMIN, SIG_DFL) != SIG_ERR);
    sem_post(&look);
    pthread_join(thread, NULL);
    must(kill(getpid(), SIGUSR1) == 0);
    show("sent again");
    must(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    must(sigprocmask(SIG_UNBLOCK, &all, NULL) == 0);
    say("the end\n");
    return 0;
}
