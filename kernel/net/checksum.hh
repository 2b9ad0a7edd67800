// The Internet checksum (RFC 1071).
#pragma once

#include "io/packet.hh"
#include "net/address.hh"

namespace osv::net {

/// One's-complement sum of a byte range, folded to 16 bits, continuing from `sum`. The range starts at an even position.
u32 checksum_add(const void* data, usize size, u32 sum = 0);
inline u16 checksum_finish(u32 sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<u16>(~sum);
}
/// Sum of the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1), not complemented.
u32 checksum_pseudo_header(const address& source, const address& destination, u8 protocol, usize length);
/// Sum of a packet's bytes from `offset` (from data()) to its end, fragments included.
u32 checksum_packet(const io::packet& packet, usize offset, u32 sum);

}  // namespace osv::net
