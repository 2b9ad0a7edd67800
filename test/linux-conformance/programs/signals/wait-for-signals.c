// sigwait, sigwaitinfo and sigtimedwait take pending signals without a handler; a short time gives EAGAIN.
// variants: dynamic musl
#include "../conformance.h"

static void *send_later(void *argument) {
    (void)argument;
    wait_until_asleep(getpid());
    sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 99});
    return NULL;
}

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    int number;
    say("sigwait: %s", errno_name(sigwait(&set, &number)));
    say(", signal %d\n", number);
    pthread_t thread;
    must(pthread_create(&thread, NULL, send_later, NULL) == 0);
    siginfo_t info;
    say("sigwaitinfo: %d", sigwaitinfo(&set, &info));
    say(", value %d, SI_QUEUE %d\n", info.si_value.sival_int, info.si_code == SI_QUEUE);
    pthread_join(thread, NULL);
    struct timespec time = {0, 10000000};
    say_value("sigtimedwait", sigtimedwait(&set, &info, &time));
    return 0;
}
