// After SHUT_WR the other way still works; reads see the end; writes answer EPIPE; poll shows RDHUP and HUP.
// variants: dynamic static musl
#include "sockets.h"

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    int ends[2];
    char text[32] = {0};
    tcp_pair(ends);
    must(send(ends[0], "last words", 10, 0) == 10);
    say_status("shutdown write", shutdown(ends[0], SHUT_WR));
    say_value("read", recv(ends[1], text, 32, MSG_WAITALL));
    say("'%s'\n", text);
    say_value("end of file", recv(ends[1], text, 32, 0));
    int events = wait_for(ends[1], POLLIN | POLLRDHUP);
    say("in %d rdhup %d hup %d\n", !!(events & POLLIN), !!(events & POLLRDHUP), !!(events & POLLHUP));
    say_status("write after shutdown", send(ends[0], "x", 1, 0));
    say_value("other way", send(ends[1], "answer", 6, 0));
    memset(text, 0, sizeof text);
    say_value("read", recv(ends[0], text, 6, MSG_WAITALL));
    say("'%s'\n", text);
    say_status("shutdown the other", shutdown(ends[1], SHUT_WR));
    say_value("end of file", recv(ends[0], text, 32, 0));
    events = wait_for(ends[0], POLLIN | POLLRDHUP);
    say("in %d rdhup %d hup %d\n", !!(events & POLLIN), !!(events & POLLRDHUP), !!(events & POLLHUP));
    int lone = socket(AF_INET, SOCK_STREAM, 0);
    say_status("not connected", shutdown(lone, SHUT_WR));
    say_status("bad how", shutdown(ends[0], 9));
    tcp_pair(ends);
    say_status("shutdown read", shutdown(ends[0], SHUT_RD));
    say_value("end of file", recv(ends[0], text, 32, 0));
    return 0;
}
