// exit(3) in a thread ends all the others, which sleep, spin and wait.
// variants: dynamic static musl
#include "../conformance.h"

static pthread_mutex_t never = PTHREAD_MUTEX_INITIALIZER;
static pid_t asleep[3];

static void say_who(int index) { __atomic_store_n(&asleep[index], (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST); }

static void *sleeper(void *argument) {
    say_who(0);
    sleep(1000);
    return argument;
}
static void *spinner(void *argument) {
    for (volatile long round = 0;; round++) continue;
    return argument;
}
static void *waiter(void *argument) {
    say_who(1);
    pthread_mutex_lock(&never);
    return argument;
}
static void *reader(void *argument) {
    char byte;
    say_who(2);
    (void)!read((int)(long)argument, &byte, 1);
    return argument;
}
static void *ender(void *argument) {
    for (int index = 0; index < 3; index++) {
        while (__atomic_load_n(&asleep[index], __ATOMIC_SEQ_CST) == 0) sched_yield();
        wait_until_asleep(asleep[index]);
    }
    wait_until_asleep(getpid());
    say("ending\n");
    exit((int)(long)argument);
}

int main(void) {
    int ends[2];
    must(pipe(ends) == 0);
    pthread_mutex_lock(&never);
    pthread_t thread;
    must(pthread_create(&thread, NULL, sleeper, NULL) == 0);
    must(pthread_create(&thread, NULL, spinner, NULL) == 0);
    must(pthread_create(&thread, NULL, waiter, NULL) == 0);
    must(pthread_create(&thread, NULL, reader, (void *)(long)ends[0]) == 0);
    must(pthread_create(&thread, NULL, ender, (void *)23L) == 0);
    pause();
    return 0;
}
