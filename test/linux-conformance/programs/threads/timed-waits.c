// pthread_cond_timedwait, pthread_mutex_timedlock and sem_timedwait give up with ETIMEDOUT, and not too early.
// variants: dynamic musl
#include "../conformance.h"
#include <semaphore.h>

static struct timespec in_20_ms(clockid_t clock) {
    struct timespec when;
    clock_gettime(clock, &when);
    when.tv_nsec += 20000000;
    if (when.tv_nsec >= 1000000000) when.tv_sec++, when.tv_nsec -= 1000000000;
    return when;
}

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *try_lock(void *argument) {
    (void)argument;
    int64_t start = monotonic_ns();
    struct timespec when = in_20_ms(CLOCK_REALTIME);
    say("mutex: %s\n", errno_name(pthread_mutex_timedlock(&held, &when)));
    say_truth("mutex waited", monotonic_ns() - start >= 19000000);
    return NULL;
}

static void wait_condition(const char *label, clockid_t clock) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    must(pthread_condattr_setclock(&attributes, clock) == 0);
    pthread_cond_t condition;
    pthread_cond_init(&condition, &attributes);
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    int64_t start = monotonic_ns();
    struct timespec when = in_20_ms(clock);
    int answer;
    while ((answer = pthread_cond_timedwait(&condition, &mutex, &when)) == 0) continue;
    say("%s condition: %s\n", label, errno_name(answer));
    say_truth("condition waited", monotonic_ns() - start >= 19000000);
    pthread_mutex_unlock(&mutex);
}

int main(void) {
    wait_condition("monotonic", CLOCK_MONOTONIC);
    wait_condition("realtime", CLOCK_REALTIME);
    pthread_mutex_lock(&held);
    pthread_t thread;
    must(pthread_create(&thread, NULL, try_lock, NULL) == 0);
    pthread_join(thread, NULL);
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    struct timespec when = in_20_ms(CLOCK_REALTIME);
    say_status("semaphore", sem_timedwait(&semaphore, &when));
    say_status("semaphore try", sem_trywait(&semaphore));
    return 0;
}
