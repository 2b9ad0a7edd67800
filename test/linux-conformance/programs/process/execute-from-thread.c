// execve while other threads run ends them and starts the new image.
// variants: dynamic static
#include "../conformance.h"

static void *spin(void *argument) {
    for (volatile long round = 0;; round++) continue;
    return argument;
}

static void *execute(void *argument) {
    char *list[] = {"self", "second", NULL}, *environment[] = {NULL};
    execve("/proc/self/exe", list, environment);
    return argument;
}

int main(int count, char **arguments) {
    (void)arguments;
    if (count > 1) {
        say("second image, thread is the main one %d\n", (int)syscall(SYS_gettid) == getpid());
        return 0;
    }
    pthread_t thread;
    for (int index = 0; index < 3; index++) must(pthread_create(&thread, NULL, spin, NULL) == 0);
    must(pthread_create(&thread, NULL, execute, NULL) == 0);
    pause();
    return 1;
}
