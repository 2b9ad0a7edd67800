// pthread_exit in the main thread leaves the others running; the process ends with 0 when the last one does.
// variants: dynamic static musl
#include "../conformance.h"

static void *outlive(void *main_thread) {
    pthread_join(*(pthread_t *)main_thread, NULL);
    say("main has ended, still running\n");
    return NULL;
}

static pthread_t main_thread;

int main(void) {
    main_thread = pthread_self();
    pthread_t thread;
    must(pthread_create(&thread, NULL, outlive, &main_thread) == 0);
    pthread_exit((void *)77);
}
