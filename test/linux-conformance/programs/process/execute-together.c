// Several threads call execve at once: one of them becomes the new program, the others end.
// variants: dynamic static
#include "../conformance.h"

extern char **environ;

static pthread_barrier_t start;
static char *list[] = {"self", "1", NULL};

static void *execute(void *argument) {
    pthread_barrier_wait(&start);
    execve("/proc/self/exe", list, environ);
    return argument;
}

int main(int count, char **arguments) {
    enum { rounds = 10, threads = 4 };
    const int round = count > 1 ? atoi(arguments[1]) : 0;
    if (round) say("image %d, the main thread %d\n", round, (int)syscall(SYS_gettid) == getpid());
    if (round == rounds) return 0;
    char number[16];
    snprintf(number, sizeof number, "%d", round + 1);
    list[1] = number;
    must(pthread_barrier_init(&start, NULL, threads) == 0);
    for (int index = 1; index < threads; index++) {
        pthread_t thread;
        must(pthread_create(&thread, NULL, execute, NULL) == 0);
    }
    execute(NULL);
    return 1;
}
