// sendmmsg and recvmmsg move several datagrams a call, up to what is there.
// variants: dynamic static
#include "sockets.h"

int main(void) {
    int server = bound_socket(SOCK_DGRAM, 0), client = connected_to(SOCK_DGRAM, port_of(server));
    struct mmsghdr messages[8] = {0};
    struct iovec parts[8];
    char texts[8][16];
    for (int index = 0; index < 8; index++) {
        parts[index] = (struct iovec){texts[index], (size_t)snprintf(texts[index], 16, "message %d", index)};
        messages[index].msg_hdr.msg_iov = &parts[index];
        messages[index].msg_hdr.msg_iovlen = 1;
    }
    say_value("sent", sendmmsg(client, messages, 5, 0));
    say("lengths %u %u\n", messages[0].msg_len, messages[4].msg_len);
    memset(texts, 0, sizeof texts);
    for (int index = 0; index < 8; index++) parts[index].iov_len = 15;
    say_value("received", recvmmsg(server, messages, 8, MSG_WAITFORONE, NULL));
    for (int index = 0; index < 5; index++) say("'%s' of %u\n", texts[index], messages[index].msg_len);
    say_status("none left", recvmmsg(server, messages, 8, MSG_DONTWAIT, NULL));
    return 0;
}
