/* Listens on port 7000, says so, answers one connection with what it sends, and ends. */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(7000)};
    if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 8)) return 1;
    printf("listening\n");
    fflush(stdout);
    int connection = accept(listener, NULL, NULL);
    char buffer[4096];
    for (ssize_t count; (count = read(connection, buffer, sizeof buffer)) > 0;)
        if (write(connection, buffer, count) != count) return 2;
    close(connection);
    return 0;
}
