// A named pipe made by mkfifo joins a reader and a writer that open it by path.
// variants: dynamic
#include "../conformance.h"

static void *write_side(void *argument) {
    (void)argument;
    int fd = open("fifo", O_WRONLY);
    must(fd >= 0);
    must(write(fd, "through the fifo", 16) == 16);
    close(fd);
    return NULL;
}

int main(void) {
    enter_scratch_directory();
    say_status("mkfifo", mkfifo("fifo", 0600));
    say_status("again", mkfifo("fifo", 0600));
    say_status("write without reader", open("fifo", O_WRONLY | O_NONBLOCK));
    // Again and again: whichever side comes first, neither waits for one that has been there.
    for (int round = 0; round < 100; round++) {
        pthread_t thread;
        must(pthread_create(&thread, NULL, write_side, NULL) == 0);
        if (round % 2) sched_yield();
        int fd = open("fifo", O_RDONLY);
        must(fd >= 0);
        char text[64] = {0};
        size_t got = 0;
        ssize_t now;
        while ((now = read(fd, text + got, sizeof text - got)) > 0) got += (size_t)now;
        if (round == 0) say("read '%s'\n", text);
        must(strcmp(text, "through the fifo") == 0);
        must(close(fd) == 0);
        pthread_join(thread, NULL);
    }
    return 0;
}
