// A reset that follows the peer's FIN: reading still meets the end of the stream; SO_ERROR and writing tell of the broken pipe.
// variants: dynamic musl
#include "sockets.h"
#include <poll.h>

static int error_of(int socket) {
    int value = -1;
    socklen_t size = sizeof value;
    must(getsockopt(socket, SOL_SOCKET, SO_ERROR, &value, &size) == 0);
    return value;
}

/// The accepted end of a connection whose other end sent `text`, its FIN and then a reset.
static int reset_after_end(const char *text) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
    must(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    must(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    int server = accept(listener, NULL, NULL);
    must(server >= 0 && close(listener) == 0);
    must(send(client, text, strlen(text), 0) == (ssize_t)strlen(text) && shutdown(client, SHUT_WR) == 0);
    struct pollfd end = {.fd = server, .events = POLLRDHUP};
    must(poll(&end, 1, 5000) == 1);
    must(setsockopt(client, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger)) == 0 && close(client) == 0);
    end.events = 0;
    must(poll(&end, 1, 5000) == 1);
    say_truth("error and hang-up", (end.revents & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP));
    return server;
}

int main(void) {
    char text[16];
    int server = reset_after_end("");
    say_value("read", recv(server, text, sizeof text, 0));
    say_value("read again", recv(server, text, sizeof text, 0));
    say("SO_ERROR: %s\n", errno_name(error_of(server)));
    say("SO_ERROR again: %s\n", errno_name(error_of(server)));
    say_value("read after it", recv(server, text, sizeof text, 0));
    say_value("write", send(server, "x", 1, MSG_NOSIGNAL));
    close(server);

    server = reset_after_end("");
    say_value("write first", send(server, "x", 1, MSG_NOSIGNAL));
    say_value("then read", recv(server, text, sizeof text, 0));
    say("SO_ERROR: %s\n", errno_name(error_of(server)));
    close(server);

    server = reset_after_end("last words");
    say_value("read what came before", recv(server, text, sizeof text, 0));
    say_value("then", recv(server, text, sizeof text, 0));
    close(server);
    return 0;
}
