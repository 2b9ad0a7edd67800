/* Listens on port 7000, says so, and gives every client that says a word as many bytes as the first argument says, all clients
   at once. Ends after as many clients as the second one says. */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t size;
static char *data;

static void *serve(void *argument) {
    int connection = *(int *)argument;
    char word;
    size_t at = 0;
    if (read(connection, &word, 1) != 1) return "no word came";
    while (at < size) {
        ssize_t put = write(connection, data + at, size - at);
        if (put <= 0) return "the client has gone";
        at += (size_t)put;
    }
    close(connection);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 3) return 1;
    size = strtoul(arguments[1], NULL, 10);
    int clients = atoi(arguments[2]);
    data = malloc(size);
    memset(data, 'd', size);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(7000)};
    if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, clients)) return 2;
    printf("listening\n");
    fflush(stdout);
    int *connections = calloc((size_t)clients, sizeof *connections);
    pthread_t *threads = calloc((size_t)clients, sizeof *threads);
    for (int i = 0; i < clients; i++) {
        connections[i] = accept(listener, NULL, NULL);
        if (connections[i] < 0 || pthread_create(&threads[i], NULL, serve, &connections[i])) return 3;
    }
    for (int i = 0; i < clients; i++) {
        void *trouble;
        pthread_join(threads[i], &trouble);
        if (trouble) return printf("%s\n", (char *)trouble), 4;
    }
    return 0;
}
