// MSG_PEEK leaves data, MSG_WAITALL waits, MSG_TRUNC tells the true length, FIONREAD counts.
// variants: dynamic static musl
#include "sockets.h"

static int ends[2];
static void *send_slowly(void *argument) {
    (void)argument;
    for (int index = 0; index < 4; index++) {
        wait_until_asleep(getpid());
        must(send(ends[0], "wxyz", 4, 0) == 4);
    }
    return NULL;
}

int main(void) {
    char text[64] = {0};
    tcp_pair(ends);
    must(send(ends[0], "peek at me", 10, 0) == 10);
    wait_for(ends[1], POLLIN);
    int waiting = 0;
    ioctl(ends[1], FIONREAD, &waiting);
    say("waiting %d\n", waiting);
    say_value("peek", recv(ends[1], text, 4, MSG_PEEK));
    say_value("peek more", recv(ends[1], text, 64, MSG_PEEK));
    say("'%s'\n", text);
    say_value("read", recv(ends[1], text, 64, 0));
    say_status("now nothing", recv(ends[1], text, 64, MSG_DONTWAIT));
    pthread_t thread;
    must(pthread_create(&thread, NULL, send_slowly, NULL) == 0);
    say_value("wait for all", recv(ends[1], text, 16, MSG_WAITALL));
    say("'%.16s'\n", text);
    pthread_join(thread, NULL);
    int server = bound_socket(SOCK_DGRAM, 0), client = connected_to(SOCK_DGRAM, port_of(server));
    must(send(client, "a datagram of 25 bytes...", 25, 0) == 25);
    say_value("peek its length", recv(server, text, 4, MSG_PEEK | MSG_TRUNC));
    say_value("cut", recv(server, text, 4, 0));
    say_status("rest is gone", recv(server, text, 4, MSG_DONTWAIT));
    struct timeval time = {0, 20000};
    must(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0);
    int64_t start = monotonic_ns();
    say_status("receive time-out", recv(server, text, 4, 0));
    say_truth("waited", monotonic_ns() - start >= 20000000);
    return 0;
}
