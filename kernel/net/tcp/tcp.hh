// TCP's entry points for the rest of the stack (RFC 9293).
#pragma once

#include "net/stack.hh"
#include "net/tcp/segment.hh"

namespace osv::net::tcp {

/// Linux's numbers (net/tcp_states.h), as TCP_INFO and /proc/net/tcp show them.
enum class state : u8 {
  established = 1,
  syn_sent = 2,
  syn_received = 3,
  fin_wait_1 = 4,
  fin_wait_2 = 5,
  time_wait = 6,
  closed = 7,
  close_wait = 8,
  last_ack = 9,
  listen = 10,
  closing = 11
};

/// A packet for us, data() at the TCP header: checked, classified, and handed to its connection or listener.
void receive(stack& s, unique<io::packet> packet, interface& in, const address& source, const address& destination);

/// ICMP or the link says that a segment of ours with this sequence number did not get through.
void error_received(stack& s, const flow& f, u32 sequence, errc error, bool hard, u16 path_mtu);

/// Answers a segment that belongs to nothing (RFC 9293 §3.10.7.1). `f` is seen from our side.
void send_reset(stack& s, const flow& f, const segment& g);

/// New AF_INET or AF_INET6 stream socket.
result<ref<io::file>> create_socket(stack& s, int family, u32 file_flags);

}  // namespace osv::net::tcp
