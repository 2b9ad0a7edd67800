// The last words: what the program has sent still reaches its peers when it has ended and the machine is about to go off.
#pragma once

#include "net/stack.hh"

namespace osv::net {

/// What could not be delivered.
struct undelivered {
  u32 connections = 0;
  u64 bytes = 0;
};

/// Closes all TCP connections and listeners, as Linux does for a process that ends, and waits until the peers have
/// acknowledged everything, the FIN too (RFC 9293 §3.6). Then waits until the neighbours have what was sent to them last: the
/// devices have taken it, and the neighbours have answered an ARP request sent behind it.
///
/// Gives up on peers when none of them has said a word for linger_silence, and after linger_max.
undelivered linger(stack& s);

/// Long enough for four segments lost in a row (200 ms, doubled each time: RFC 6298), and for what the third time-out asks passt
/// of Debian 12, which repeats no acknowledgement that was lost (docs/decisions/0017-tcp-without-sack.md).
constexpr nanoseconds linger_silence = 4 * second;
constexpr nanoseconds linger_max = 10 * second;
/// The last wait, for the neighbours on the link.
constexpr nanoseconds linger_on_link = 200 * millisecond;

}  // namespace osv::net
