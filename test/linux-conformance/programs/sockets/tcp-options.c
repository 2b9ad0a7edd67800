// TCP and socket options read back as they were set; unknown ones are refused.
// variants: dynamic static musl
#include "sockets.h"

static void toggle(int fd, int level, int option, const char *name) {
    int value = 1, back = -1;
    socklen_t length = sizeof back;
    int set = setsockopt(fd, level, option, &value, sizeof value);
    int got = getsockopt(fd, level, option, &back, &length);
    say("%s: set %s, get %s, %s\n", name, set ? errno_name(errno) : "ok", got ? errno_name(errno) : "ok", back ? "on" : "off");
}

static int value_of(int fd, int level, int option) {
    int value = -1;
    socklen_t length = sizeof value;
    must(getsockopt(fd, level, option, &value, &length) == 0);
    return value;
}

int main(void) {
    int ends[2];
    tcp_pair(ends);
    toggle(ends[0], IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY");
    toggle(ends[0], SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE");
    toggle(ends[0], SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
    toggle(ends[0], IPPROTO_TCP, TCP_CORK, "TCP_CORK");
    int seconds = 30;
    say_status("keep idle", setsockopt(ends[0], IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds));
    say("keep idle %d\n", value_of(ends[0], IPPROTO_TCP, TCP_KEEPIDLE));
    say_status("keep interval", setsockopt(ends[0], IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds));
    say_status("keep count", setsockopt(ends[0], IPPROTO_TCP, TCP_KEEPCNT, &seconds, sizeof seconds));
    say("kind %d, domain %d, protocol %d, listening %d\n", value_of(ends[0], SOL_SOCKET, SO_TYPE),
        value_of(ends[0], SOL_SOCKET, SO_DOMAIN), value_of(ends[0], SOL_SOCKET, SO_PROTOCOL),
        value_of(ends[0], SOL_SOCKET, SO_ACCEPTCONN));
    int size = 100000;
    say_status("receive buffer", setsockopt(ends[0], SOL_SOCKET, SO_RCVBUF, &size, sizeof size));
    say("receive buffer doubled %d\n", value_of(ends[0], SOL_SOCKET, SO_RCVBUF));
    say("error %d\n", value_of(ends[0], SOL_SOCKET, SO_ERROR));
    struct linger linger = {1, 7}, back;
    socklen_t length = sizeof back;
    setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    getsockopt(ends[0], SOL_SOCKET, SO_LINGER, &back, &length);
    say("linger %d %d\n", back.l_onoff, back.l_linger);
    int one = 1;
    say_status("short value", setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, 2));
    say_status("unknown option", setsockopt(ends[0], SOL_SOCKET, 9999, &one, sizeof one));
    say_status("unknown level", setsockopt(ends[0], 9999, 1, &one, sizeof one));
    struct tcp_info info;
    length = sizeof info;
    say_status("TCP_INFO", getsockopt(ends[0], IPPROTO_TCP, TCP_INFO, &info, &length));
    say("state established %d\n", info.tcpi_state == TCP_ESTABLISHED);
    return 0;
}
