/* Listens on port 7000, says so, greets one connection before that has sent anything, and ends. */
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
    if (write(connection, "welcome\n", 8) != 8) return 2;
    close(connection);
    return 0;
}
