/* Listens on port 7000, says so, and waits until somebody says a word. Answers with as many bytes as its argument says and
   ends at once, without closing anything. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments) {
    size_t size = count > 1 ? strtoul(arguments[1], NULL, 10) : 0;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(7000)};
    if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 8)) return 1;
    printf("listening\n");
    fflush(stdout);
    int connection = accept(listener, NULL, NULL);
    /* So that all of it fits into the send buffer, and the program has ended before most of it has gone. */
    int buffer = 4 << 20;
    setsockopt(connection, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    char word;
    if (read(connection, &word, 1) != 1) return 2;
    char *data = malloc(size);
    memset(data, 'w', size);
    for (size_t at = 0; at < size;) {
        ssize_t put = write(connection, data + at, size - at);
        if (put <= 0) return 3;
        at += (size_t)put;
    }
    return 0;
}
