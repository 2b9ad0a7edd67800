// The split virtqueue (virtio 1.2, 2.7): the driver's half, over memory that the device also writes. Pure: no hardware.
//
// The device is not trusted. What the driver decides by lies in private memory; of what the device writes only the used
// index, the used elements and the event index are read, each once, and checked. A device that breaks the rules breaks the
// ring: it then takes and gives nothing more, and `broken()` says why.
#pragma once

#include <span>

#include "base/memory.hh"
#include "base/types.hh"

namespace osv::devices::virtio {

/// A run of physically contiguous bytes.
struct segment {
  u64 address;
  u32 length;
};

/// One entry of the descriptor table (2.7.5).
struct descriptor {
  u64 address;
  u32 length;
  u16 flags;
  u16 next;
};

class split_ring : pinned {
 public:
  static constexpr u16 size_max = 1024;
  static constexpr u16 indirect_segments_max = 24;

  struct configuration {
    u16 size;                       // entries, a power of two up to size_max
    void* memory;                   // zeroed, bytes_needed(size) bytes, aligned to 16
    u64 physical;                   // what the device calls `memory`
    bool event_index = false;       // VIRTIO_F_EVENT_IDX
    void* indirect_memory = nullptr;  // VIRTIO_F_INDIRECT_DESC: room for descriptor tables; null: not negotiated
    u64 indirect_physical = 0;
    usize indirect_bytes = 0;
  };
  static constexpr usize bytes_needed(u16 size) { return used_offset(size) + 6 + 8 * usize{size}; }
  static constexpr usize available_offset(u16 size) { return 16 * usize{size}; }
  static constexpr usize used_offset(u16 size) { return align_up(available_offset(size) + 6 + 2 * usize{size}, 4); }
  /// EINVAL for a size that is no power of two or too large; ENOMEM.
  static result<unique<split_ring>> create(const configuration& c);

  u16 size() const { return size_; }
  u16 free_descriptors() const { return free_count_; }
  u16 in_flight() const { return in_flight_; }
  /// True if a buffer of `segments` segments finds room.
  bool has_room(usize segments) const;

  /// Adds a buffer: first what the device reads, then what it writes. `token` (not null) comes back with it.
  /// False without room, or when the ring is broken. The device sees it after publish().
  bool add(std::span<const segment> readable, std::span<const segment> writable, void* token);
  /// Makes what was added visible. True if the device wants to be notified.
  bool publish();

  struct completion {
    void* token;
    u32 written;  // bytes; at most what was writable
  };
  /// Takes one buffer that the device has used; false if there is none.
  bool take(completion& out);
  /// True if take() would find one.
  bool has_used() const;

  /// Asks the device for no interrupts (a hint).
  void disable_interrupts();
  /// Asks for an interrupt after `skip` further buffers. False if that many are used already: the caller looks again.
  bool enable_interrupts(u16 skip = 0);

  /// Gives back the tokens of all buffers in flight, one a call; null at the end. Only after the device was reset.
  void* reclaim();

  bool broken() const { return why_ != nullptr; }
  const char* why() const { return why_; }

 private:
  struct slot {
    void* token = nullptr;  // set in the head of a buffer in flight
    u32 writable = 0;       // bytes
    u16 count = 0;          // descriptors of the chain
    u16 next = 0;           // free list, or next in the chain
    i16 indirect = -1;      // index of the table in use
  };

  split_ring() = default;
  void break_ring(const char* why);
  void write_descriptor(descriptor* at, const segment& s, u16 flags, u16 next);
  bool add_indirect(std::span<const segment> readable, std::span<const segment> writable, void* token);
  void free_chain(u16 head);

  u16* available_flags() const { return reinterpret_cast<u16*>(available_); }
  u16* available_index() const { return reinterpret_cast<u16*>(available_ + 2); }
  u16* available_ring() const { return reinterpret_cast<u16*>(available_ + 4); }
  u16* used_event() const { return reinterpret_cast<u16*>(available_ + 4 + 2 * usize{size_}); }
  u16* used_flags() const { return reinterpret_cast<u16*>(used_); }
  u16* used_index() const { return reinterpret_cast<u16*>(used_ + 2); }
  u8* used_element(u16 i) const { return used_ + 4 + 8 * usize{i}; }
  u16* available_event() const { return reinterpret_cast<u16*>(used_ + 4 + 8 * usize{size_}); }

  u16 size_ = 0;
  bool event_index_ = false;
  descriptor* descriptors_ = nullptr;
  u8* available_ = nullptr;
  u8* used_ = nullptr;
  buffer<slot> slots_;
  u16 free_head_ = 0;
  u16 free_count_ = 0;
  u16 in_flight_ = 0;
  u16 available_next_ = 0;   // index of the next buffer to add
  u16 published_ = 0;        // what the device was shown
  u16 used_next_ = 0;        // next used element to look at

  descriptor* indirect_tables_ = nullptr;
  u64 indirect_physical_ = 0;
  buffer<i16> indirect_free_;
  usize indirect_free_count_ = 0;

  const char* why_ = nullptr;
};

}  // namespace osv::devices::virtio
