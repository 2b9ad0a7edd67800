// AF_NETLINK sockets: netlink(7). Requests are answered at once into the socket's queue.
#pragma once

#include "io/socket_file.hh"
#include "net/stack.hh"
#include "sync/mutex.hh"

namespace osv::net::netlink {

/// NETLINK_ROUTE, SOCK_RAW or SOCK_DGRAM. EPROTONOSUPPORT for other protocols.
result<ref<io::file>> create_socket(stack& s, int type, int protocol, u32 file_flags);

}  // namespace osv::net::netlink
