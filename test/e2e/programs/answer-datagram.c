/* Binds UDP port 7000, says so, sends one datagram back to whoever sent it, and ends. */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void) {
    int place = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(7000)}, peer;
    if (bind(place, (struct sockaddr *)&own, sizeof own)) return 1;
    printf("listening\n");
    fflush(stdout);
    char data[1500];
    socklen_t size = sizeof peer;
    ssize_t got = recvfrom(place, data, sizeof data, 0, (struct sockaddr *)&peer, &size);
    if (got < 0) return 2;
    return sendto(place, data, (size_t)got, 0, (struct sockaddr *)&peer, size) == got ? 0 : 3;
}
