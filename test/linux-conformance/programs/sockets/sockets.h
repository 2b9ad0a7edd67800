/// Loopback sockets for the programs here. Ports are chosen by the system and never printed.
#pragma once
#include "../conformance.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static inline struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// The local port of a socket.
static inline int port_of(int fd) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    must(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    return ntohs(address.sin_port);
}

/// Binds a socket of the given kind to a free loopback port; listens if it is a stream.
static inline int bound_socket(int kind, int backlog) {
    int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    struct sockaddr_in address = loopback(0);
    must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    if ((kind & 0xf) == SOCK_STREAM) must(listen(fd, backlog) == 0);
    return fd;
}

static inline int connected_to(int kind, int port) {
    int fd = socket(AF_INET, kind, 0);
    must(fd >= 0);
    struct sockaddr_in address = loopback(port);
    must(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/// Two ends of one loopback TCP connection.
static inline void tcp_pair(int ends[2]) {
    int listener = bound_socket(SOCK_STREAM, 5);
    ends[0] = connected_to(SOCK_STREAM, port_of(listener));
    ends[1] = accept(listener, NULL, NULL);
    must(ends[1] >= 0);
    close(listener);
}

/// Waits at most 5 s until a descriptor has one of the events; the events that are there.
static inline int wait_for(int fd, short events) {
    struct pollfd entry = {.fd = fd, .events = events};
    must(poll(&entry, 1, 5000) >= 0);
    return entry.revents;
}
