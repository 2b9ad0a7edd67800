// Unix datagram and seqpacket pairs keep message borders; named datagram sockets tell their sender.
// variants: dynamic static
#include "sockets.h"

static void borders(const char *label, int kind) {
    int ends[2];
    must(socketpair(AF_UNIX, kind, 0, ends) == 0);
    must(send(ends[0], "one", 3, 0) == 3);
    must(send(ends[0], "three", 5, 0) == 5);
    char text[16];
    say("%s: %ld", label, (long)recv(ends[1], text, 16, 0));
    say(" %ld", (long)recv(ends[1], text, 16, 0));
    say(", then %s\n", recv(ends[1], text, 16, MSG_DONTWAIT) < 0 ? errno_name(errno) : "data");
    close(ends[0]);
    if (kind == SOCK_SEQPACKET) say("end of file: %ld\n", (long)recv(ends[1], text, 16, 0));
    close(ends[1]);
}

int main(void) {
    borders("datagram", SOCK_DGRAM);
    borders("seqpacket", SOCK_SEQPACKET);
    enter_scratch_directory();
    struct sockaddr_un left = {.sun_family = AF_UNIX, .sun_path = "left"}, right = {.sun_family = AF_UNIX, .sun_path = "right"};
    int one = socket(AF_UNIX, SOCK_DGRAM, 0), two = socket(AF_UNIX, SOCK_DGRAM, 0);
    must(bind(one, (struct sockaddr *)&left, sizeof left) == 0);
    must(bind(two, (struct sockaddr *)&right, sizeof right) == 0);
    must(sendto(one, "from left", 9, 0, (struct sockaddr *)&right, sizeof right) == 9);
    struct sockaddr_un from;
    socklen_t length = sizeof from;
    char text[16] = {0};
    must(recvfrom(two, text, 16, 0, (struct sockaddr *)&from, &length) == 9);
    say("'%s' by '%s'\n", text, from.sun_path);
    close(two);
    say_status("send to a closed socket", sendto(one, "x", 1, 0, (struct sockaddr *)&right, sizeof right));
    return 0;
}
