// getaddrinfo of numbers and of localhost (from /etc/hosts), getnameinfo, inet_pton and interface lists.
// variants: dynamic musl
#include "sockets.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>

static void resolve(const char *host, const char *service, int flags) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list;
    int answer = getaddrinfo(host, service, &hints, &list);
    if (answer != 0) {
        say("%s %s: %s\n", host ? host : "-", service ? service : "-", answer == EAI_NONAME ? "EAI_NONAME" : answer == EAI_SERVICE ? "EAI_SERVICE" : "another error");
        return;
    }
    struct sockaddr_in *address = (struct sockaddr_in *)list->ai_addr;
    char text[64], number[16];
    must(getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text, number, sizeof number, NI_NUMERICHOST | NI_NUMERICSERV) == 0);
    say("%s %s: %s %s, port %d\n", host ? host : "-", service ? service : "-", text, number, ntohs(address->sin_port));
    freeaddrinfo(list);
}

int main(void) {
    resolve("192.0.2.7", "80", AI_NUMERICHOST | AI_NUMERICSERV);
    resolve(NULL, "8080", AI_PASSIVE | AI_NUMERICSERV);
    resolve(NULL, "8080", AI_NUMERICSERV);
    resolve("localhost", "6379", AI_NUMERICSERV);
    resolve("not-a-number", NULL, AI_NUMERICHOST);
    struct in6_addr six;
    char text[64];
    say("inet_pton %d %d\n", inet_pton(AF_INET6, "2001:db8::1", &six), inet_pton(AF_INET, "1.2.3.256", &six));
    say("inet_ntop %s\n", inet_ntop(AF_INET6, &six, text, sizeof text) ? "ok" : "error");
    struct ifaddrs *list;
    say_status("getifaddrs", getifaddrs(&list));
    int found = 0;
    for (struct ifaddrs *one = list; one; one = one->ifa_next)
        if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET && strcmp(one->ifa_name, "lo") == 0)
            found = ((struct sockaddr_in *)one->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK) && (one->ifa_flags & IFF_UP);
    say_truth("lo is up with 127.0.0.1", found);
    say("index of lo %u\n", if_nametoindex("lo"));
    return 0;
}
