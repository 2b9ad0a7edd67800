// A TCP segment's header and options, parsed.
#pragma once

#include "io/packet.hh"
#include "net/headers.hh"
#include "net/tcp/sequence.hh"

namespace osv::net::tcp {

struct sack_block {
  u32 start, end;
};

struct segment {
  u32 sequence = 0;
  u32 acknowledgement = 0;
  u32 length = 0;    // payload bytes
  u32 window = 0;    // as sent, not scaled
  u8 flags = 0;
  u8 window_scale = no_scale;
  u16 mss = 0;       // 0: no option
  bool sack_permitted = false;
  bool has_timestamp = false;
  u8 sack_count = 0;
  u32 timestamp_value = 0, timestamp_echo = 0;
  sack_block sacks[4];

  static constexpr u8 no_scale = 0xff;
  static constexpr u8 scale_max = 14;  // RFC 7323 §2.3

  bool syn() const { return flags & tcp_syn; }
  bool fin() const { return flags & tcp_fin; }
  bool rst() const { return flags & tcp_rst; }
  bool ack() const { return flags & tcp_ack; }
  /// Sequence space taken: payload, SYN and FIN.
  u32 span() const { return length + syn() + fin(); }
  u32 end() const { return sequence + span(); }
};

/// Option kinds (RFC 9293 §3.2, RFC 7323, RFC 2018).
constexpr u8 option_end = 0, option_nop = 1, option_mss = 2, option_window_scale = 3, option_sack_permitted = 4, option_sack = 5,
             option_timestamps = 8;

/// Parses the header at packet.data() and removes it from the packet. False if malformed.
bool parse_segment(io::packet& packet, segment& into);

}  // namespace osv::net::tcp
