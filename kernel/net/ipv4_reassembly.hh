// IPv4 fragments to datagrams (RFC 815), in bounded memory: the oldest datagram goes when room is needed, overlaps are dropped
// with their datagram (RFC 5722's rule, applied to IPv4 as well).
#pragma once

#include "io/packet.hh"
#include "lock/spin_lock.hh"
#include "net/headers.hh"
#include "net/timer_service.hh"

namespace osv::net {

class reassembler : pinned {
 public:
  ~reassembler();
  void set_limit(u32 bytes) { bytes_max_ = bytes; }
  /// Takes a fragment, data() at its IP header, header checked. Returns the whole datagram when complete (data() at the IP
  /// header, fragments field cleared, checksum of the header not valid any more), else nullptr.
  unique<io::packet> add(unique<io::packet> fragment);

 private:
  static constexpr nanoseconds lifetime = 30 * second;
  static constexpr unsigned datagrams_max = 64;
  static constexpr unsigned pieces_max = 128;  // 65,535 bytes in pieces of 512

  struct datagram {
    u32 source, destination;
    u16 identification;
    u8 protocol;
    bool used = false;
    nanoseconds expires = 0;
    u32 total = 0;  // payload bytes, once the last fragment came; 0: not yet
    u32 have = 0;
    u32 memory = 0;
    u16 pieces = 0;
    io::packet_list list;  // by offset; control[0] = offset, control[1] = length
  };
  void drop_locked(datagram& d);
  datagram* find_locked(const ipv4_header& h);
  unique<io::packet> assemble_locked(datagram& d);

  lock::spin_lock lock_{lock::rank::network_table};
  datagram datagrams_[datagrams_max];
  u32 bytes_ = 0;
  u32 bytes_max_ = 1 << 20;
};

}  // namespace osv::net
