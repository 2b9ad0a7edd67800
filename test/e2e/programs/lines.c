/* Prints as many numbered lines as its argument says, two threads' worth of them: the second thread's lines begin with
   "b". Ends with 0. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int lines;

static void print_lines(char letter) {
    char line[32];
    for (int i = 0; i < lines; i++) {
        int length = snprintf(line, sizeof line, "%c%026d\n", letter, i);
        for (int done = 0; done < length;) {
            ssize_t n = write(STDOUT_FILENO, line + done, length - done);
            if (n < 0) _exit(1);
            done += n;
        }
    }
}

static void *second(void *unused) {
    print_lines('b');
    return unused;
}

int main(int count, char **arguments) {
    lines = count == 2 ? atoi(arguments[1]) : 1;
    pthread_t thread;
    if (pthread_create(&thread, NULL, second, NULL)) return 1;
    print_lines('a');
    pthread_join(thread, NULL);
    return 0;
}
