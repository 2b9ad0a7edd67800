// SO_TIMESTAMP and SO_TIMESTAMPNS give a datagram's time of arrival, one form at a time, before other control messages.
// variants: dynamic musl
#include "../conformance.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

static int receiver, sender;

static void set(const char *label, int name, int value) {
    say_status(label, setsockopt(receiver, SOL_SOCKET, name, &value, sizeof value));
    int micro = -1, nano = -1;
    socklen_t size = sizeof micro;
    must(getsockopt(receiver, SOL_SOCKET, SO_TIMESTAMP, &micro, &size) == 0);
    must(getsockopt(receiver, SOL_SOCKET, SO_TIMESTAMPNS, &nano, &size) == 0);
    say("microseconds %d, nanoseconds %d\n", micro, nano);
}

static int64_t wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void exchange(const char *label, size_t room) {
    char text[8], control[256];
    struct iovec data = {text, sizeof text};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
    int64_t before = wall_clock() / 1000 * 1000;
    must(send(sender, "hi", 2, 0) == 2);
    must(recvmsg(receiver, &m, 0) == 2);
    int64_t after = wall_clock();
    say("%s: %s\n", label, m.msg_flags & MSG_CTRUNC ? "cut off" : "whole");
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        say("  level %d type %d, %zu bytes\n", c->cmsg_level, c->cmsg_type, c->cmsg_len - CMSG_LEN(0));
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_len < CMSG_LEN(16)) continue;
        struct timespec when;
        memcpy(&when, CMSG_DATA(c), sizeof when);
        int64_t part = c->cmsg_type == SO_TIMESTAMP ? when.tv_nsec * 1000 : when.tv_nsec;
        int64_t arrived = (int64_t)when.tv_sec * 1000000000 + part;
        say_truth("  between sending and receiving", before <= arrived && arrived <= after);
    }
}

int main(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    receiver = socket(AF_INET, SOCK_DGRAM, 0);
    sender = socket(AF_INET, SOCK_DGRAM, 0);
    must(bind(receiver, (struct sockaddr *)&at, size) == 0);
    must(getsockname(receiver, (struct sockaddr *)&at, &size) == 0);
    must(connect(sender, (struct sockaddr *)&at, size) == 0);
    exchange("nothing asked for", 256);
    set("microseconds on", SO_TIMESTAMP, 1);
    exchange("microseconds", 256);
    set("nanoseconds on", SO_TIMESTAMPNS, 1);
    exchange("nanoseconds", 256);
    int on = 1;
    must(setsockopt(receiver, IPPROTO_IP, IP_RECVTTL, &on, sizeof on) == 0);
    exchange("with time to live", 256);
    exchange("little room", 24);
    set("microseconds off", SO_TIMESTAMP, 0);
    exchange("off", 256);
    say_status("too short", setsockopt(receiver, SOL_SOCKET, SO_TIMESTAMP, &on, 1));
    return 0;
}
