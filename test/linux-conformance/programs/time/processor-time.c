// Processor time grows with work and stands still in sleep; threads have their own; getrusage and times agree.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/resource.h>
#include <sys/times.h>

static int64_t clock_ns(clockid_t clock) {
    struct timespec time;
    must(clock_gettime(clock, &time) == 0);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void work(int64_t ns) {
    int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start < ns) continue;
}

static void *body(void *argument) {
    (void)argument;
    say_truth("a new thread starts near zero", clock_ns(CLOCK_THREAD_CPUTIME_ID) < 50000000);
    work(30000000);
    return NULL;
}

int main(void) {
    int64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    usleep(50000);
    say_truth("sleep costs little", clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before < 40000000);
    before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    pthread_t thread;
    must(pthread_create(&thread, NULL, body, NULL) == 0);
    work(30000000);
    pthread_join(thread, NULL);
    say_truth("process time counts both threads", clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before >= 60000000);
    struct rusage usage;
    must(getrusage(RUSAGE_SELF, &usage) == 0);
    say_truth("getrusage", usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec > 20000);
    say_truth("largest resident size", usage.ru_maxrss > 100);
    say_status("thread usage", getrusage(RUSAGE_THREAD, &usage));
    say_status("bad who", getrusage(77, &usage));
    struct tms ticks;
    say_truth("times", times(&ticks) != (clock_t)-1);
    say_truth("clock", clock() > 50000);
    return 0;
}
