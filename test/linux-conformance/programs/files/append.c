// O_APPEND writes at the end wherever the offset is, from several threads without loss.
// variants: dynamic static musl
#include "../conformance.h"

static void *append(void *argument) {
    int fd = open("log", O_WRONLY | O_APPEND);
    must(fd >= 0);
    char line[11];
    memset(line, 'a' + (int)(long)argument, 10);
    line[10] = '\n';
    for (int index = 0; index < 200; index++) must(write(fd, line, 11) == 11);
    close(fd);
    return NULL;
}

int main(void) {
    enter_scratch_directory();
    write_file("log", "");
    int fd = open("log", O_RDWR | O_APPEND);
    must(write(fd, "first\n", 6) == 6);
    lseek(fd, 0, SEEK_SET);
    must(write(fd, "second\n", 7) == 7);
    char text[32] = {0};
    must(pread(fd, text, 32, 0) == 13);
    say("%s", text);
    must(ftruncate(fd, 0) == 0);
    pthread_t threads[4];
    for (long index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, append, (void *)index) == 0);
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    static char all[20000];
    long length = read_file("log", all, sizeof all);
    int counts[4] = {0}, broken = 0;
    for (long at = 0; at + 11 <= length; at += 11) {
        for (int index = 1; index < 10; index++) broken += all[at + index] != all[at];
        broken += all[at + 10] != '\n';
        counts[all[at] - 'a']++;
    }
    say("length %ld, lines %d %d %d %d, broken %d\n", length, counts[0], counts[1], counts[2], counts[3], broken);
    return 0;
}
