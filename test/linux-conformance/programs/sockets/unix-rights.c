// SCM_RIGHTS passes descriptors: the copy shares the file's offset and outlives the original.
// variants: dynamic musl
#include "sockets.h"

static void pass(int socket, int fd) {
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {"f", 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    say_value("send", sendmsg(socket, &message, 0));
}

static int take(int socket) {
    char control[CMSG_SPACE(sizeof(int))], byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    say_value("receive", recvmsg(socket, &message, MSG_CMSG_CLOEXEC));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    must(header != NULL && header->cmsg_type == SCM_RIGHTS);
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

int main(void) {
    enter_scratch_directory();
    write_file("file", "0123456789");
    int ends[2], fd = open("file", O_RDONLY);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    char text[16] = {0};
    must(read(fd, text, 3) == 3);
    pass(ends[0], fd);
    int copy = take(ends[1]);
    say("another number %d, close on exec %d\n", copy != fd, fcntl(copy, F_GETFD));
    must(read(copy, text, 3) == 3);
    say("goes on at '%.3s'\n", text);
    must(read(fd, text, 3) == 3);
    say("shared offset '%.3s'\n", text);
    pass(ends[0], fd);
    close(fd);
    copy = take(ends[1]);
    say_value("outlives the original", read(copy, text, 16));
    int pipe_ends[2];
    must(pipe(pipe_ends) == 0);
    pass(ends[0], pipe_ends[1]);
    close(pipe_ends[1]);
    int writer = take(ends[1]);
    must(write(writer, "!", 1) == 1);
    close(writer);
    say_value("pipe by its passed end", read(pipe_ends[0], text, 16));
    say_value("and its end", read(pipe_ends[0], text, 16));
    return 0;
}
