// timer_create: one-shot, periodic with overruns while blocked, SIGEV_THREAD_ID, gettime and delete.
// variants: dynamic musl
#include "../conformance.h"

static volatile int got;
static void handler(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    got++;
    if (got == 1) say("value %d, SI_TIMER %d\n", info->si_value.sival_int, info->si_code == SI_TIMER);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    sigset_t block, old;
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, &old);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value = {.sival_int = 64}};
    must(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    struct itimerspec time = {.it_value = {0, 5000000}}, now;
    must(timer_settime(timer, 0, &time, NULL) == 0);
    while (got == 0) sigsuspend(&old);
    must(timer_gettime(timer, &now) == 0);
    say("disarmed after one shot: %ld %ld\n", (long)now.it_value.tv_sec, now.it_value.tv_nsec);
    time.it_interval.tv_nsec = 1000000;
    time.it_value.tv_nsec = 1000000;
    must(timer_settime(timer, 0, &time, NULL) == 0);
    usleep(20000);
    while (got == 1) sigsuspend(&old);
    say_truth("overruns counted", timer_getoverrun(timer) >= 5);
    say_status("delete", timer_delete(timer));
    struct sigevent to_thread = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
    to_thread.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    must(timer_create(CLOCK_REALTIME, &to_thread, &timer) == 0);
    time = (struct itimerspec){.it_value = {0, 1000000}};
    int before = got;
    must(timer_settime(timer, 0, &time, NULL) == 0);
    while (got == before) sigsuspend(&old);
    say("came to the thread\n");
    event.sigev_signo = 99;
    say_status("bad signal", timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_signo = SIGUSR1;
    say_status("bad clock", timer_create(99, &event, &timer));
    return 0;
}
