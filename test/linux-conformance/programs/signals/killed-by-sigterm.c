// The default action of SIGTERM ends the whole process, other threads too.
// variants: dynamic static
#include "../conformance.h"

static void *body(void *argument) {
    (void)argument;
    pause();
    return NULL;
}

int main(void) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, body, NULL) == 0);
    say("before\n");
    kill(getpid(), SIGTERM);
    for (;;) pause();
}
