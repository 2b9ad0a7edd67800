// CPU-time timers: ITIMER_PROF, ITIMER_VIRTUAL, timer_create on the time of the process and of a thread (still during sleep).
// variants: dynamic musl
#include "../conformance.h"
#include <sys/time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static volatile sig_atomic_t profiled, virtual, queued;
static volatile int queued_in, value;

static void count(int number) {
    if (number == SIGPROF) profiled++;
    if (number == SIGVTALRM) virtual++;
}
static void count_queued(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    queued++;
    value = info->si_value.sival_int;
    queued_in = (int)syscall(SYS_gettid);
}

static long long used(clockid_t clock) {
    struct timespec now;
    must(clock_gettime(clock, &now) == 0);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}
static void burn(clockid_t clock, long long nanoseconds) {
    for (long long end = used(clock) + nanoseconds; used(clock) < end;) {
    }
}

static void *burn_until_queued(void *unused) {
    while (!queued) {
    }
    return unused;
}

int main(void) {
    signal(SIGPROF, count);
    signal(SIGVTALRM, count);
    struct itimerval time = {.it_value = {0, 10000}, .it_interval = {0, 10000}}, now;
    say_status("prof", setitimer(ITIMER_PROF, &time, NULL));
    must(getitimer(ITIMER_PROF, &now) == 0);
    say_truth("armed", now.it_interval.tv_usec == 10000 && now.it_value.tv_sec == 0 && now.it_value.tv_usec > 0);
    while (profiled < 5) {
    }
    say("five of SIGPROF\n");
    time = (struct itimerval){0};
    must(setitimer(ITIMER_PROF, &time, &now) == 0);
    say_truth("was armed", now.it_value.tv_usec > 0);
    int before = profiled;
    burn(CLOCK_PROCESS_CPUTIME_ID, 50000000);
    say_truth("disarmed", profiled == before);

    // A second of sleep is no CPU time.
    time.it_value.tv_usec = 200000;
    say_status("virtual", setitimer(ITIMER_VIRTUAL, &time, NULL));
    struct timespec rest = {1, 0};
    must(nanosleep(&rest, NULL) == 0);
    say_truth("not by sleeping", virtual == 0);
    while (!virtual) {
    }
    must(getitimer(ITIMER_VIRTUAL, &now) == 0);
    say("once: %d, armed still: %d\n", (int)virtual, now.it_value.tv_usec != 0);

    // The process's clock runs on other threads too, the signal comes with its value.
    struct sigaction action = {.sa_sigaction = count_queued, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value = {.sival_int = 42}};
    timer_t timer;
    say_status("process", timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
    struct itimerspec once = {.it_value = {0, 20000000}}, left;
    must(timer_settime(timer, 0, &once, NULL) == 0);
    pthread_t thread;
    must(pthread_create(&thread, NULL, burn_until_queued, NULL) == 0);
    must(pthread_join(thread, NULL) == 0);
    say("value %d\n", value);
    must(timer_gettime(timer, &left) == 0);
    say("left %ld %ld\n", (long)left.it_value.tv_sec, left.it_value.tv_nsec);
    // In the past of its clock: at once.
    queued = 0;
    once.it_value.tv_nsec = 1;
    must(timer_settime(timer, TIMER_ABSTIME, &once, NULL) == 0);
    while (!queued) {
    }
    say_status("delete", timer_delete(timer));

    // A thread's own clock, as profilers use it.
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    say_status("thread", timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer));
    once = (struct itimerspec){.it_value = {0, 10000000}, .it_interval = {0, 10000000}};
    queued = 0;
    long long begin = used(CLOCK_THREAD_CPUTIME_ID);
    must(timer_settime(timer, 0, &once, NULL) == 0);
    while (queued < 5) {
    }
    say_truth("not early", used(CLOCK_THREAD_CPUTIME_ID) - begin >= 50000000);
    say_truth("to this thread", queued_in == (int)syscall(SYS_gettid));
    say_status("delete", timer_delete(timer));

    clockid_t clock;
    must(pthread_getcpuclockid(pthread_self(), &clock) == 0);
    say_status("by id", timer_create(clock, &event, &timer));
    must(timer_delete(timer) == 0);
    struct timespec at;
    say_status("no clock", clock_gettime(-1, &at));
    say_status("no clock", clock_getres(50, &at));
    return 0;
}
