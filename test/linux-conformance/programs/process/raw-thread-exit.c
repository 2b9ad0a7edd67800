// The exit system call ends one thread only; exit_group ends them all, with the code it was given.
// variants: static dynamic
#include "../conformance.h"

static void *body(void *argument) {
    say("thread\n");
    // Linux keeps a first thread that has ended as a zombie while others run.
    for (char state = 'R'; state != 0 && state != 'Z'; state = thread_state(getpid())) sched_yield();
    syscall(SYS_exit_group, 300 + 7);
    return argument;
}

int main(void) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, body, NULL) == 0);
    syscall(SYS_exit, 99);
    say("never printed\n");
}
