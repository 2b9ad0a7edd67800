/* Copies stdin to stdout, then writes the number of bytes to stderr. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    static char buffer[65536];
    long total = 0;
    for (ssize_t count; (count = read(0, buffer, sizeof buffer)) > 0; total += count) {
        for (ssize_t done = 0; done < count;) {
            ssize_t written = write(1, buffer + done, count - done);
            if (written < 0) return 1;
            done += written;
        }
    }
    fprintf(stderr, "%ld bytes\n", total);
    return 0;
}
