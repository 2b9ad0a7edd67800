/* Listens on port 7000, says so, answers one connection with what it sends, and ends. With an argument it sends that instead,
   before the other side has sent anything. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(7000)};
    if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 8)) return 1;
    printf("listening\n");
    fflush(stdout);
    int connection = accept(listener, NULL, NULL);
    if (count > 1) {
        ssize_t size = (ssize_t)strlen(arguments[1]);
        return write(connection, arguments[1], (size_t)size) == size && close(connection) == 0 ? 0 : 2;
    }
    char buffer[4096];
    for (ssize_t got; (got = read(connection, buffer, sizeof buffer)) > 0;)
        if (write(connection, buffer, (size_t)got) != got) return 2;
    close(connection);
    return 0;
}
