// Segments that came too early. Runs of consecutive packets form ranges; the ranges are a tree, so a flood of stray segments
// costs O(log n) each. A range lives in its first packet: no allocation. Small neighbours are merged (bounded memory).
#pragma once

#include "base/tree.hh"
#include "io/packet.hh"
#include "net/tcp/segment.hh"

namespace osv::net::tcp {

class reorder_queue : pinned {
 public:
  ~reorder_queue() { clear(); }

  bool empty() const { return count_ == 0; }
  usize packets() const { return count_; }
  /// Bytes of memory held (packet slots and fragments).
  usize memory() const { return memory_; }

  /// Takes payload [sequence, sequence + packet.size()). Returns the range that now holds it, for SACK, and the part of the
  /// packet that was known already, for D-SACK (start == end: none). The packet is dropped where everything was known.
  struct outcome {
    sack_block range;
    sack_block duplicate;
  };
  outcome insert(unique<io::packet> packet, u32 sequence);
  /// The next packet, if it starts at or before `next`; its bytes before `next` are cut off. nullptr if there is still a hole.
  unique<io::packet> take(u32 next);
  /// Frees the highest range. Its sender will send it again.
  void drop_last();
  void clear();
  /// Up to four ranges for the SACK option; the one with `recent` first (RFC 2018 §4).
  unsigned blocks(sack_block (&into)[4], u32 recent);

 private:
  // control words of a packet: [0] sequence; of a range's first packet: [1] end of range, [2] last packet; [3] next packet.
  static u32 start_of(const io::packet& p) { return static_cast<u32>(p.control[0]); }
  static u32 range_end(const io::packet& p) { return static_cast<u32>(p.control[1]); }
  static io::packet* last_of(const io::packet& p) { return reinterpret_cast<io::packet*>(p.control[2]); }
  static io::packet* next_of(const io::packet& p) { return reinterpret_cast<io::packet*>(p.control[3]); }
  struct earlier {
    bool operator()(const io::packet& a, const io::packet& b) const { return before(start_of(a), start_of(b)); }
  };
  void append(io::packet& range, io::packet& tail_first, io::packet& tail_last, u32 end);

  tree<io::packet, &io::packet::order, earlier> ranges_;
  usize count_ = 0;
  usize memory_ = 0;
};

/// Moves the payload of `from` into the free end of `into` if it fits there and `into` has no fragments. True if moved.
bool merge_payload(io::packet& into, const io::packet& from);

}  // namespace osv::net::tcp
