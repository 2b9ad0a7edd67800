// Control messages of datagrams: type of service and time to live, hop limit and traffic class, given and received.
// variants: dynamic
#include "../conformance.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static int receiver, sender;

static void open_pair(int family) {
    struct sockaddr_in6 at = {0};
    socklen_t size = sizeof at;
    at.sin6_family = (sa_family_t)family;
    if (family == AF_INET) ((struct sockaddr_in *)&at)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else at.sin6_addr = in6addr_loopback;
    size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof at;
    receiver = socket(family, SOCK_DGRAM, 0);
    sender = socket(family, SOCK_DGRAM, 0);
    must(bind(receiver, (struct sockaddr *)&at, size) == 0);
    must(getsockname(receiver, (struct sockaddr *)&at, &size) == 0);
    must(connect(sender, (struct sockaddr *)&at, size) == 0);
}

static void option(const char *label, int level, int name, int value) {
    say_status(label, setsockopt(receiver, level, name, &value, sizeof value));
    int back = -1;
    socklen_t size = sizeof back;
    say_status("read back", getsockopt(receiver, level, name, &back, &size));
    say("value %d\n", back);
}

static void receive(const char *label, size_t room) {
    char text[8], control[256];
    struct iovec data = {text, sizeof text};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
    must(recvmsg(receiver, &m, 0) == 2);
    say("%s: %s\n", label, m.msg_flags & MSG_CTRUNC ? "cut off" : "whole");
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        int value = 0;
        size_t length = c->cmsg_len - CMSG_LEN(0);
        memcpy(&value, CMSG_DATA(c), length < sizeof value ? length : sizeof value);
        say("  level %d type %d, %zu bytes: %d\n", c->cmsg_level, c->cmsg_type, length, value);
    }
}

static void send_with(const char *label, int level, int type, const void *value, size_t length) {
    char control[64] = {0};
    struct iovec data = {"hi", 2};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(length)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(c), value, length);
    say_status(label, sendmsg(sender, &m, 0));
}

static void send_number(const char *label, int level, int type, int value) { send_with(label, level, type, &value, sizeof value); }

int main(void) {
    alarm(20);
    open_pair(AF_INET);
    must(send(sender, "hi", 2, 0) == 2);
    receive("nothing wanted", 256);
    option("IP_RECVTTL", IPPROTO_IP, IP_RECVTTL, 1);
    option("IP_RECVTOS", IPPROTO_IP, IP_RECVTOS, 1);
    must(send(sender, "hi", 2, 0) == 2);
    receive("defaults", 256);
    must(setsockopt(sender, IPPROTO_IP, IP_TTL, &(int){17}, sizeof(int)) == 0);
    must(setsockopt(sender, IPPROTO_IP, IP_TOS, &(int){0x10}, sizeof(int)) == 0);
    must(send(sender, "hi", 2, 0) == 2);
    receive("the socket's own", 256);
    send_number("time to live 9", IPPROTO_IP, IP_TTL, 9);
    receive("of the datagram", 256);
    send_with("type of service in a byte", IPPROTO_IP, IP_TOS, &(unsigned char){0x08}, 1);
    receive("of the datagram", 256);
    send_number("time to live 0", IPPROTO_IP, IP_TTL, 0);
    send_number("time to live 256", IPPROTO_IP, IP_TTL, 256);
    send_number("unknown", IPPROTO_IP, 4711, 1);
    must(send(sender, "hi", 2, 0) == 2);
    receive("room for one", CMSG_SPACE(sizeof(int)));
    must(send(sender, "hi", 2, 0) == 2);
    receive("room for half", CMSG_LEN(2));
    must(send(sender, "hi", 2, 0) == 2);
    receive("no room", 0);
    option("IP_RECVTTL", IPPROTO_IP, IP_RECVTTL, 0);
    must(send(sender, "hi", 2, 0) == 2);
    receive("service alone", 256);

    open_pair(AF_INET6);
    option("IPV6_RECVHOPLIMIT", IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    option("IPV6_RECVTCLASS", IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    must(send(sender, "hi", 2, 0) == 2);
    receive("defaults", 256);
    send_number("hop limit 5", IPPROTO_IPV6, IPV6_HOPLIMIT, 5);
    receive("of the datagram", 256);
    send_number("traffic class 0x20", IPPROTO_IPV6, IPV6_TCLASS, 0x20);
    receive("of the datagram", 256);
    send_number("hop limit -1", IPPROTO_IPV6, IPV6_HOPLIMIT, -1);
    receive("the socket's own", 256);
    send_number("hop limit 256", IPPROTO_IPV6, IPV6_HOPLIMIT, 256);
    return 0;
}
