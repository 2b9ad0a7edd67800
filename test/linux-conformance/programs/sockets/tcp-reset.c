// Closing with unread data, or with linger 0, resets: the peer sees ECONNRESET once, then the end.
// variants: dynamic static musl
#include "sockets.h"

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    int ends[2];
    char byte;
    tcp_pair(ends);
    struct linger off = {1, 0};
    must(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &off, sizeof off) == 0);
    close(ends[1]);
    int events = wait_for(ends[0], POLLIN);
    say("in %d err %d hup %d\n", !!(events & POLLIN), !!(events & POLLERR), !!(events & POLLHUP));
    say_status("read after linger reset", recv(ends[0], &byte, 1, 0));
    say_value("read again", recv(ends[0], &byte, 1, 0));
    say_status("write", send(ends[0], "x", 1, 0));
    close(ends[0]);
    tcp_pair(ends);
    must(send(ends[0], "unread", 6, 0) == 6);
    wait_for(ends[1], POLLIN);
    close(ends[1]);
    wait_for(ends[0], POLLIN);
    say_status("read after close with unread data", recv(ends[0], &byte, 1, 0));
    close(ends[0]);
    tcp_pair(ends);
    close(ends[1]);
    wait_for(ends[0], POLLIN);
    say_value("read after an orderly close", recv(ends[0], &byte, 1, 0));
    say_value("first write", send(ends[0], "x", 1, 0));
    wait_for(ends[0], POLLERR);
    say_status("second write", send(ends[0], "x", 1, 0));
    return 0;
}
