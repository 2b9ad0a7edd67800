// The device's half of a split ring, for tests: honest by default, with doors for lies.
#pragma once

#include <atomic>
#include <vector>

#include "devices/virtio/split_ring.hh"

namespace osv::devices::virtio::test {

class fake_ring_device {
 public:
  fake_ring_device(u8* memory, u16 size) : memory_(memory), size_(size) {}

  struct chain {
    u16 head;
    std::vector<segment> readable, writable;
  };

  bool has_next() { return load(available(2)) != seen_; }
  /// Takes the next chain that the driver published. Physical addresses are host addresses.
  chain next() {
    chain c{};
    c.head = *reinterpret_cast<u16*>(memory_ + split_ring::available_offset(size_) + 4 + 2 * (seen_++ % size_));
    const descriptor* table = reinterpret_cast<descriptor*>(memory_);
    u16 at = c.head;
    if (table[at].flags & 4) {
      table = reinterpret_cast<const descriptor*>(table[at].address);
      at = 0;
    }
    for (;;) {
      const descriptor& d = table[at];
      (d.flags & 2 ? c.writable : c.readable).push_back({d.address, d.length});
      if (!(d.flags & 1)) break;
      at = d.next;
    }
    return c;
  }
  void use(u32 id, u32 written) {
    place(id, written);
    publish();
  }
  /// Writes a used element that the driver does not see before publish(). The buffers of one merged packet must appear together
  /// (virtio 1.2, 5.1.6.4.1).
  void place(u32 id, u32 written) {
    u8* element = used(4 + 8 * (static_cast<u16>(used_ + placed_++) % size_));
    *reinterpret_cast<u32*>(element) = id;
    *reinterpret_cast<u32*>(element + 4) = written;
  }
  void publish() {
    used_ = static_cast<u16>(used_ + placed_);
    placed_ = 0;
    store(used(2), used_);
  }
  /// Moves the used index without using anything.
  void jump(u16 by) { store(used(2), used_ = static_cast<u16>(used_ + by)); }
  /// Would the device interrupt after what it did since the last call (2.7.10)?
  bool interrupt_wanted(bool event_index) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const u16 before = signalled_;
    signalled_ = used_;
    if (!event_index) return !(load(available(0)) & 1);
    const u16 event = load(available(4 + 2 * usize{size_}));
    return static_cast<u16>(used_ - event - 1) < static_cast<u16>(used_ - before);
  }
  /// Asks to be notified when the driver publishes buffer number `index`.
  void set_available_event(u16 index) { store(used(4 + 8 * usize{size_}), index); }
  void set_used_flags(u16 flags) { store(used(0), flags); }
  u16 seen() const { return seen_; }

 private:
  u8* available(usize offset) { return memory_ + split_ring::available_offset(size_) + offset; }
  u8* used(usize offset) { return memory_ + split_ring::used_offset(size_) + offset; }
  static u16 load(const u8* at) { return __atomic_load_n(reinterpret_cast<const u16*>(at), __ATOMIC_ACQUIRE); }
  static void store(u8* at, u16 value) { __atomic_store_n(reinterpret_cast<u16*>(at), value, __ATOMIC_RELEASE); }

  u8* memory_;
  u16 size_;
  u16 seen_ = 0;
  u16 used_ = 0;
  u16 placed_ = 0;  // written behind used_, not yet shown
  u16 signalled_ = 0;
};

}  // namespace osv::devices::virtio::test
