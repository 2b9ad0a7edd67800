// /proc/self/task lists one folder a thread, with its name and state.
// variants: dynamic
#include "../conformance.h"
#include <dirent.h>
#include <semaphore.h>

static sem_t ready;
static void *body(void *argument) {
    pthread_setname_np(pthread_self(), "sleeping");
    sem_post(&ready);
    pause();
    return argument;
}

static int tasks(void) {
    DIR *directory = opendir("/proc/self/task");
    must(directory != NULL);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

int main(void) {
    say("tasks %d\n", tasks());
    sem_init(&ready, 0, 0);
    pthread_t threads[3];
    for (int index = 0; index < 3; index++) must(pthread_create(&threads[index], NULL, body, NULL) == 0);
    for (int index = 0; index < 3; index++) sem_wait(&ready);
    say("tasks %d\n", tasks());
    char text[4096];
    must(read_file("/proc/self/status", text, sizeof text) > 0);
    say("status says %d\n", atoi(strstr(text, "Threads:") + 8));
    return 0;
}
