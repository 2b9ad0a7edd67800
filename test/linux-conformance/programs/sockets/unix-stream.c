// A Unix stream server on a path, another one on an abstract name: names, peers, errors and end of file.
// variants: dynamic static musl
#include "sockets.h"

static socklen_t name(struct sockaddr_un *address, const char *text, size_t length) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, text, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

static void exchange(struct sockaddr_un *address, socklen_t length) {
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    say_status("bind", bind(listener, (struct sockaddr *)address, length));
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    say_status("connect before listen", connect(client, (struct sockaddr *)address, length));
    say_status("listen", listen(listener, 5));
    say_status("connect", connect(client, (struct sockaddr *)address, length));
    struct sockaddr_un peer;
    socklen_t peer_length = sizeof peer;
    int server = accept(listener, (struct sockaddr *)&peer, &peer_length);
    say("client is unnamed %d\n", (int)peer_length == 2);
    peer_length = sizeof peer;
    must(getpeername(client, (struct sockaddr *)&peer, &peer_length) == 0);
    say("server's name right %d\n", memcmp(&peer, address, length) == 0);
    char text[16] = {0};
    must(write(client, "hello", 5) == 5);
    say_value("read", read(server, text, 16));
    say("'%s'\n", text);
    struct ucred who;
    peer_length = sizeof who;
    must(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &peer_length) == 0);
    say("peer is this process %d\n", who.pid == getpid());
    close(client);
    say_value("end of file", read(server, text, 16));
    signal(SIGPIPE, SIG_IGN);
    say_status("write to the closed", write(server, "x", 1));
    close(server);
    int other = socket(AF_UNIX, SOCK_STREAM, 0);
    say_status("bind again", bind(other, (struct sockaddr *)address, length));
    close(listener);
    say_status("nobody listens", connect(other, (struct sockaddr *)address, length));
    close(other);
}

int main(void) {
    enter_scratch_directory();
    struct sockaddr_un address;
    socklen_t length = name(&address, "socket", 7);
    exchange(&address, length);
    struct stat status;
    must(stat("socket", &status) == 0);
    say("is a socket %d\n", S_ISSOCK(status.st_mode));
    say_status("unlink", unlink("socket"));
    int lost = socket(AF_UNIX, SOCK_STREAM, 0);
    say_status("path is gone", connect(lost, (struct sockaddr *)&address, length));
    length = name(&address, "\0osv-conformance", 16);
    exchange(&address, length);
    return 0;
}
