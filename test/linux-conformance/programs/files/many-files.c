// A thousand files are made, read back, renamed and removed by four threads in one directory.
// variants: dynamic static musl
#include "../conformance.h"
#include <dirent.h>

static void *work(void *argument) {
    int self = (int)(long)argument;
    char name[32], other[32], text[32], back[32];
    for (int index = 0; index < 250; index++) {
        snprintf(name, sizeof name, "file-%d-%d", self, index);
        snprintf(text, sizeof text, "contents %d", self * 1000 + index);
        write_file(name, text);
    }
    for (int index = 0; index < 250; index++) {
        snprintf(name, sizeof name, "file-%d-%d", self, index);
        snprintf(other, sizeof other, "moved-%d-%d", self, index);
        snprintf(text, sizeof text, "contents %d", self * 1000 + index);
        must(read_file(name, back, sizeof back) > 0 && strcmp(text, back) == 0);
        if (index % 2) must(rename(name, other) == 0);
        else must(unlink(name) == 0);
    }
    return NULL;
}

int main(void) {
    enter_scratch_directory();
    pthread_t threads[4];
    for (long index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, work, (void *)index) == 0);
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    DIR *directory = opendir(".");
    int files = 0, moved = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        files += strncmp(entry->d_name, "file-", 5) == 0;
        moved += strncmp(entry->d_name, "moved-", 6) == 0;
    }
    say("left %d, moved %d\n", files, moved);
    return 0;
}
