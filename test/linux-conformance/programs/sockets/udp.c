// UDP over loopback: message borders, sender's address, connected sockets, refusal after an ICMP error, limits.
// variants: dynamic static musl
#include "sockets.h"

int main(void) {
    int server = bound_socket(SOCK_DGRAM, 0), client = bound_socket(SOCK_DGRAM, 0);
    struct sockaddr_in to = loopback(port_of(server)), from;
    socklen_t length = sizeof from;
    char text[100] = {0};
    for (int index = 1; index <= 3; index++)
        must(sendto(client, "abcdef", (size_t)index * 2, 0, (struct sockaddr *)&to, sizeof to) == index * 2);
    must(sendto(client, "", 0, 0, (struct sockaddr *)&to, sizeof to) == 0);
    for (int index = 0; index < 4; index++) {
        long got = recvfrom(server, text, sizeof text, 0, (struct sockaddr *)&from, &length);
        say("datagram of %ld, sender right %d\n", got, ntohs(from.sin_port) == port_of(client));
    }
    say_status("without an address", send(client, "x", 1, 0));
    static char large[70000];
    say_status("too large", sendto(client, large, 70000, 0, (struct sockaddr *)&to, sizeof to));
    say_value("large", sendto(client, large, 60000, 0, (struct sockaddr *)&to, sizeof to));
    say_value("received", recv(server, large, sizeof large, 0));
    must(connect(client, (struct sockaddr *)&to, sizeof to) == 0);
    int stranger = bound_socket(SOCK_DGRAM, 0);
    struct sockaddr_in client_address = loopback(port_of(client));
    must(sendto(stranger, "!", 1, 0, (struct sockaddr *)&client_address, sizeof client_address) == 1);
    must(sendto(server, "ok", 2, 0, (struct sockaddr *)&client_address, sizeof client_address) == 2);
    say_value("connected socket hears its peer alone", recv(client, text, sizeof text, 0));
    int port = port_of(server);
    close(server);
    say_value("send to a closed port", send(client, "x", 1, 0));
    wait_for(client, POLLIN);
    say_status("then", recv(client, text, sizeof text, MSG_DONTWAIT));
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    say_status("disconnect", connect(client, &none, sizeof none));
    say_status("peer name", getpeername(client, (struct sockaddr *)&from, &length));
    (void)port;
    return 0;
}
