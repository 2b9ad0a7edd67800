// Threads open, duplicate, use and close descriptors at once: only the errors that may be, and no mix-up of files.
// variants: dynamic static
#include "../conformance.h"

static int odd;

static void *body(void *argument) {
    int self = (int)(long)argument;
    char name[32], text[8], back[8] = {0};
    snprintf(name, sizeof name, "file-%d", self);
    snprintf(text, sizeof text, "text %d", self);
    for (int round = 0; round < 500; round++) {
        int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
        must(fd >= 0);
        int copy = dup(fd);
        must(copy >= 0);
        must(write(fd, text, 6) == 6);
        must(close(fd) == 0);
        must(pread(copy, back, 6, 0) == 6);
        if (memcmp(back, text, 6) != 0) odd = 1;
        must(close(copy) == 0);
    }
    return NULL;
}

int main(void) {
    enter_scratch_directory();
    pthread_t threads[6];
    for (long index = 0; index < 6; index++) must(pthread_create(&threads[index], NULL, body, (void *)index) == 0);
    for (int index = 0; index < 6; index++) pthread_join(threads[index], NULL);
    say_truth("files mixed up", odd);
    say("next number %d\n", open("/dev/null", O_RDONLY));
    return 0;
}
