// SA_SIGINFO fields of kill, raise, sigqueue and pthread_kill: code, sender and value.
// variants: dynamic static musl
#include "../conformance.h"

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    const char *code = info->si_code == SI_USER ? "SI_USER" : info->si_code == SI_TKILL ? "SI_TKILL"
                     : info->si_code == SI_QUEUE ? "SI_QUEUE" : "other";
    say("signal %d, si_signo %d, %s, own pid %s, value %d\n", number, info->si_signo, code,
        info->si_pid == getpid() ? "yes" : "no", info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    must(sigaction(SIGUSR1, &action, NULL) == 0);
    must(sigaction(SIGRTMIN + 3, &action, NULL) == 0);
    say_status("kill", kill(getpid(), SIGUSR1));
    say_status("raise", raise(SIGUSR1));
    say_status("sigqueue", sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 321}));
    say_status("pthread_kill", pthread_kill(pthread_self(), SIGUSR1));
    say_status("real time", sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = -7}));
    return 0;
}
