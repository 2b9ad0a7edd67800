// The exit system call ends one thread only; exit_group ends them all, with the code it was given.
// variants: static dynamic
#include "../conformance.h"

static void *body(void *argument) {
    say("thread\n");
    usleep(10000);
    syscall(SYS_exit_group, 300 + 7);
    return argument;
}

int main(void) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, body, NULL) == 0);
    syscall(SYS_exit, 99);
    say("never printed\n");
}
