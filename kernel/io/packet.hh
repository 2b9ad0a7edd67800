// A network packet in memory: one linear part and optional page fragments (large sends and merged receives).
#pragma once

#include "base/list.hh"
#include "base/memory.hh"
#include "base/tree.hh"
#include "memory/frames.hh"

namespace osv::io {

struct packet_fragment {
  memory::frame* page;  // a reference is held
  u32 offset;           // bytes from the start of the block of frames
  u32 length;
};

/// Owned by exactly one place at a time (`unique<packet>`); queues link it by `hook`.
class packet : pinned {
 public:
  static constexpr usize headroom = 128;      // Ethernet + IP + TCP with options fit; 64-byte aligned
  static constexpr usize linear_size = 2048;  // whole buffer, headroom included
  static constexpr usize fragments_max = 18;

  /// A packet with an empty linear part behind `headroom` bytes. ENOMEM, or ENOBUFS when the network's memory bound is reached.
  static result<unique<packet>> create();
  ~packet();
  /// Packets live in slots of a pool of their own: `unique` gives them back there.
  static void operator delete(void* slot);

  u8* data() { return buffer_ + begin_; }
  const u8* data() const { return buffer_ + begin_; }
  usize linear() const { return end_ - begin_; }
  usize size() const { return linear() + fragment_bytes_; }
  usize tailroom() const { return linear_size - end_; }

  /// Grows at the front by n bytes (a header) and returns its start.
  u8* push(usize n) {
    DEBUG_ASSERT(begin_ >= n);
    begin_ -= static_cast<u16>(n);
    return data();
  }
  /// Removes n bytes from the front of the linear part.
  void pull(usize n) {
    DEBUG_ASSERT(linear() >= n);
    begin_ += static_cast<u16>(n);
  }
  /// Grows at the end of the linear part by n bytes and returns their start.
  u8* append(usize n) {
    DEBUG_ASSERT(tailroom() >= n);
    u8* at = buffer_ + end_;
    end_ += static_cast<u16>(n);
    return at;
  }
  /// Cuts the whole packet (fragments included) to `n` bytes.
  void trim(usize n);
  /// Takes over one reference to `page`. False if there is no room for a further fragment.
  bool add_fragment(memory::frame* page, u32 offset, u32 length);
  usize fragment_count() const { return fragment_count_; }
  const packet_fragment& fragment(usize i) const { return fragments_[fragment_first_ + i]; }
  usize fragment_bytes() const { return fragment_bytes_; }
  /// What the packet keeps from other uses, in bytes: its slot and its fragments. For buffer limits.
  usize memory_size() const { return slot_size + fragment_bytes_; }
  /// Removes n bytes from the front of the whole packet, fragments included.
  void consume(usize n);
  /// Copies bytes out of linear part and fragments.
  void copy_out(usize offset, void* into, usize n) const;

  list_hook hook;
  tree_hook order;  // the present owner's use (TCP's out-of-order queue)

  // --- offload (virtio-net header, virtio 1.2 §5.1.6) ---
  bool checksum_needed = false;   // transmit: the device completes the checksum
  bool checksum_valid = false;    // receive: the device vouches for it
  u16 checksum_start = 0;         // from data()
  u16 checksum_offset = 0;        // from checksum_start
  u16 segment_size = 0;           // TSO/GSO maximum segment payload; 0: a single segment
  bool segment_ipv6 = false;
  bool segment_udp = false;

  // --- filled in by the stack while the packet climbs ---
  u16 network_offset = 0;
  u16 transport_offset = 0;
  nanoseconds received_at = 0;  // wall clock; 0: nobody asked
  void* interface = nullptr;
  u64 control[6] = {};  // the present owner's use (TCP sequence numbers)

  static constexpr usize slot_size = 2560;  // descriptor (512) and buffer

 private:
  explicit packet(u8* buffer) : buffer_(buffer) {}

  u8* buffer_ = nullptr;
  u16 begin_ = headroom;
  u16 end_ = headroom;
  u16 fragment_count_ = 0;
  u32 fragment_bytes_ = 0;
  u16 fragment_first_ = 0;
  packet_fragment fragments_[fragments_max];
};

using packet_list = list<packet, &packet::hook>;

/// Destroys every packet of a list.
void discard(packet_list& packets);

/// Bounds the memory of all packets (the pool's slabs), in bytes. Default 64 MiB; set at boot to a fraction of the memory.
void set_packet_memory_limit(u64 bytes);
/// Bytes that the pool's slabs take now.
u64 packet_memory();

}  // namespace osv::io
