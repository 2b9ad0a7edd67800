// UDP's entry points for the rest of the stack (RFC 768).
#pragma once

#include "net/stack.hh"

namespace osv::net::udp {

/// A packet for us, data() at the UDP header.
void receive(stack& s, unique<io::packet> packet, interface& in, const address& source, const address& destination);
/// ICMP about a datagram of ours: connected sockets hear of it.
void error_received(stack& s, const flow& f, errc error);
/// New AF_INET or AF_INET6 datagram socket.
result<ref<io::file>> create_socket(stack& s, int family, u32 file_flags);

}  // namespace osv::net::udp
