// splice between sockets and pipes never waits with bytes in hand: a full pipe, a full socket and an idle peer end the call.
// variants: dynamic
#include "../conformance.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { total = 600000 };
static unsigned char sent[total], received[total];

static void tcp_pair(int ends[2]) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(listener, (struct sockaddr *)&at, size) == 0 && listen(listener, 1) == 0);
    must(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(ends[0], (struct sockaddr *)&at, size) == 0);
    ends[1] = accept(listener, NULL, NULL);
    must(ends[1] >= 0 && close(listener) == 0);
}

static void *write_everything(void *socket) {
    for (size_t done = 0; done < total;) {
        ssize_t n = write(*(int *)socket, sent + done, total - done);
        must(n > 0);
        done += (size_t)n;
    }
    must(shutdown(*(int *)socket, SHUT_WR) == 0);
    return NULL;
}

/// Fills the pipe until it takes no more, then empties it: the reader is the one that fills.
static void through_full_pipe(int socket, const int ends[2]) {
    must(write(ends[1], sent, 1000) == 1000);  // so that the pages' ends and the segments' do not agree
    size_t got = 0, ignored = 1000;
    for (int over = 0; !over;) {
        for (;;) {
            ssize_t n = splice(socket, NULL, ends[1], NULL, 1 << 20, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
            if (n < 0) must(errno == EAGAIN);
            if (n == 0) over = 1;
            if (n <= 0) break;
        }
        static unsigned char piece[1 << 17];
        ssize_t n = read(ends[0], piece, sizeof piece);
        if (n < 0) must(errno == EAGAIN);
        if (n <= 0) continue;
        size_t skip = ignored < (size_t)n ? ignored : (size_t)n;
        ignored -= skip;
        must(got + (size_t)n - skip <= total);
        memcpy(received + got, piece + skip, (size_t)n - skip);
        got += (size_t)n - skip;
    }
    say("through a pipe: %zu bytes, the same: %s\n", got, memcmp(sent, received, total) == 0 ? "yes" : "no");
}

int main(void) {
    alarm(40);
    for (size_t i = 0; i < total; i++) sent[i] = (unsigned char)(i * 31 + i / 251);
    int socket[2], ends[2];

    tcp_pair(socket);
    must(pipe(ends) == 0);
    must(write(socket[0], "0123456789", 10) == 10);
    say_value("from a socket that blocks", splice(socket[1], NULL, ends[1], NULL, 65536, 0));
    say_value("into a socket", splice(ends[0], NULL, socket[1], NULL, 4, 0));
    say_value("the rest", splice(ends[0], NULL, socket[1], NULL, 65536, 0));
    char text[16] = {0};
    must(recv(socket[0], text, 10, MSG_WAITALL) == 10);
    say("'%s'\n", text);
    must(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    say_status("empty pipe that does not block", splice(ends[0], NULL, socket[1], NULL, 10, 0));
    must(fcntl(socket[1], F_SETFL, O_NONBLOCK) == 0);
    say_status("idle socket that does not block", splice(socket[1], NULL, ends[1], NULL, 10, 0));

    pthread_t writer;
    must(pthread_create(&writer, NULL, write_everything, &socket[0]) == 0);
    through_full_pipe(socket[1], ends);
    must(pthread_join(writer, NULL) == 0);
    close(socket[0]);
    close(socket[1]);

    // Nobody reads: the socket fills, what it did not take is still in the pipe.
    tcp_pair(socket);
    must(fcntl(socket[1], F_SETFL, O_NONBLOCK) == 0);
    must(setsockopt(socket[1], SOL_SOCKET, SO_SNDBUF, &(int){16384}, sizeof(int)) == 0);
    must(setsockopt(socket[0], SOL_SOCKET, SO_RCVBUF, &(int){16384}, sizeof(int)) == 0);
    size_t put = 0, moved = 0;
    while (put < total) {
        ssize_t n = write(ends[1], sent + put, total - put < 30000 ? total - put : 30000);
        if (n > 0) put += (size_t)n;
        n = splice(ends[0], NULL, socket[1], NULL, 65536, SPLICE_F_NONBLOCK);
        if (n < 0) break;
        moved += (size_t)n;
    }
    say("full socket: %s, some were sent: %s\n", errno_name(errno), moved > 0 && moved < put ? "yes" : "no");
    memset(received, 0, total);
    size_t got = 0;
    while (got < put) {
        ssize_t n = recv(socket[0], received + got, put - got, MSG_DONTWAIT);
        if (n > 0) got += (size_t)n;
        n = splice(ends[0], NULL, socket[1], NULL, 65536, SPLICE_F_NONBLOCK);
        if (n < 0) must(errno == EAGAIN);
    }
    say("nothing is lost: %s\n", memcmp(sent, received, put) == 0 ? "yes" : "no");
    close(ends[0]);
    must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    must(write(socket[0], "x", 1) == 1);
    say_status("no reader", splice(socket[1], NULL, ends[1], NULL, 10, 0));
    return 0;
}
