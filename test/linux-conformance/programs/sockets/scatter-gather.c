// readv, writev, sendmsg and recvmsg join and split buffers, with empty ones between, on sockets and files.
// variants: dynamic static musl
#include "sockets.h"

int main(void) {
    int ends[2];
    tcp_pair(ends);
    struct iovec out[4] = {{"one ", 4}, {NULL, 0}, {"two ", 4}, {"three", 5}};
    say_value("writev", writev(ends[0], out, 4));
    char left[6] = {0}, right[16] = {0};
    struct iovec in[2] = {{left, 5}, {right, 8}};
    wait_for(ends[1], POLLIN);
    say_value("readv", readv(ends[1], in, 2));
    say("'%s' '%s'\n", left, right);
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 4};
    say_value("sendmsg", sendmsg(ends[0], &message, 0));
    struct sockaddr_in peer;
    message = (struct msghdr){.msg_iov = in, .msg_iovlen = 2, .msg_name = &peer, .msg_namelen = sizeof peer};
    wait_for(ends[1], POLLIN);
    say_value("recvmsg", recvmsg(ends[1], &message, 0));
    say("name length %d, flags %d\n", (int)message.msg_namelen, message.msg_flags);
    enter_scratch_directory();
    int file = open("file", O_RDWR | O_CREAT, 0600);
    say_value("file writev", writev(file, out, 4));
    say_value("file preadv", preadv(file, in, 2, 0));
    say("'%s' '%s'\n", left, right);
    say_value("file pwritev", pwritev(file, out, 1, 100));
    say_value("size", lseek(file, 0, SEEK_END));
    say_status("negative count", writev(file, out, -1));
    say_status("too many", writev(file, out, 100000));
    return 0;
}
