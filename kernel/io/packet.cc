// The packet pool: slots of 2,560 bytes cut from 32 KiB slabs, cached per CPU. Slabs stay with the pool.
#include "io/packet.hh"

#include "arch/cpu.hh"
#include "lock/spin_lock.hh"

namespace osv::io {

namespace {

constexpr unsigned slab_order = 3;
constexpr unsigned magazine_size = 64;
constexpr unsigned batch_size = 32;

struct free_slot {
  free_slot* next;
};

/// A stack of free slots. Interrupts are off while it is touched: transmit completions free packets in interrupts.
struct slot_stack {
  lock::irq_spin_lock lock{lock::rank::heap};
  free_slot* top = nullptr;
  unsigned count = 0;

  void push(free_slot* slot) {
    slot->next = top;
    top = slot;
    ++count;
  }
  free_slot* pop() {
    free_slot* slot = top;
    if (slot) {
      top = slot->next;
      --count;
    }
    return slot;
  }
};

arch::per_cpu<slot_stack> magazines;
slot_stack depot;
std::atomic<u64> slab_bytes{0};
std::atomic<u64> slab_bytes_max{64 * 1024 * 1024};

/// Cuts a new slab into the depot; the depot's lock is not held. ENOBUFS at the bound, ENOMEM without memory.
result<> grow() {
  for (const unsigned order : {slab_order, 0u}) {
    const u64 bytes = page_size << order;
    if (slab_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes > slab_bytes_max.load(std::memory_order_relaxed)) {
      slab_bytes.fetch_sub(bytes, std::memory_order_relaxed);
      return fail(errc::no_buffers);
    }
    auto block = memory::allocate_frames(order);
    if (!block.ok()) {
      slab_bytes.fetch_sub(bytes, std::memory_order_relaxed);
      continue;
    }
    memory::account(memory::usage::network, static_cast<i64>(bytes));
    u8* at = block.value()->as<u8>();
    lock::guard g(depot.lock);
    for (usize offset = 0; offset + packet::slot_size <= bytes; offset += packet::slot_size)
      depot.push(reinterpret_cast<free_slot*>(at + offset));
    return {};
  }
  return fail(errc::no_memory);
}

void refill(slot_stack& magazine) {
  lock::guard g(depot.lock);
  for (unsigned i = 0; i < batch_size; ++i) {
    free_slot* slot = depot.pop();
    if (!slot) return;
    magazine.push(slot);
  }
}

void drain(slot_stack& magazine) {
  lock::guard g(depot.lock);
  for (unsigned i = 0; i < batch_size; ++i) depot.push(magazine.pop());
}

result<void*> take_slot() {
  for (;;) {
    {
      slot_stack& magazine = magazines.local();
      lock::guard g(magazine.lock);
      if (!magazine.top) refill(magazine);
      if (free_slot* slot = magazine.pop()) return static_cast<void*>(slot);
    }
    TRY(grow());
  }
}

}  // namespace

void set_packet_memory_limit(u64 bytes) { slab_bytes_max.store(bytes, std::memory_order_relaxed); }
u64 packet_memory() { return slab_bytes.load(std::memory_order_relaxed); }

result<unique<packet>> packet::create() {
  static_assert(sizeof(packet) <= slot_size - linear_size);
  void* slot = TRY(take_slot());
  return unique<packet>(::new (slot) packet(static_cast<u8*>(slot) + (slot_size - linear_size)));
}

packet::~packet() {
  for (usize i = 0; i < fragment_count_; ++i) memory::release(*fragments_[fragment_first_ + i].page);
}

void packet::operator delete(void* slot) {
  slot_stack& magazine = magazines.local();
  lock::guard g(magazine.lock);
  magazine.push(static_cast<free_slot*>(slot));
  if (magazine.count > magazine_size) drain(magazine);
}

void packet::trim(usize n) {
  if (n >= size()) return;
  usize excess = size() - n;
  while (excess && fragment_count_) {
    packet_fragment& last = fragments_[fragment_first_ + fragment_count_ - 1];
    const u32 cut = excess < last.length ? static_cast<u32>(excess) : last.length;
    last.length -= cut;
    fragment_bytes_ -= cut;
    excess -= cut;
    if (last.length == 0) {
      memory::release(*last.page);
      --fragment_count_;
    }
  }
  end_ -= static_cast<u16>(excess);
}

void packet::consume(usize n) {
  const usize head = n < linear() ? n : linear();
  begin_ += static_cast<u16>(head);
  n -= head;
  while (n) {
    DEBUG_ASSERT(fragment_count_);
    packet_fragment& first = fragments_[fragment_first_];
    const u32 cut = n < first.length ? static_cast<u32>(n) : first.length;
    first.offset += cut;
    first.length -= cut;
    fragment_bytes_ -= cut;
    n -= cut;
    if (first.length == 0) {
      memory::release(*first.page);
      ++fragment_first_;
      --fragment_count_;
    }
  }
}

bool packet::add_fragment(memory::frame* page, u32 offset, u32 length) {
  if (fragment_count_) {
    // Neighbours of one block join, if the block's further reference is given back.
    packet_fragment& last = fragments_[fragment_first_ + fragment_count_ - 1];
    if (last.page == page && last.offset + last.length == offset) {
      last.length += length;
      fragment_bytes_ += length;
      memory::release(*page);
      return true;
    }
  }
  if (fragment_first_ + fragment_count_ == fragments_max) return false;
  fragments_[fragment_first_ + fragment_count_++] = {page, offset, length};
  fragment_bytes_ += length;
  return true;
}

void packet::copy_out(usize offset, void* into, usize n) const {
  u8* to = static_cast<u8*>(into);
  if (offset < linear()) {
    const usize part = n < linear() - offset ? n : linear() - offset;
    __builtin_memcpy(to, data() + offset, part);
    to += part;
    n -= part;
    offset = 0;
  } else {
    offset -= linear();
  }
  for (usize i = 0; i < fragment_count_ && n; ++i) {
    const packet_fragment& f = fragment(i);
    if (offset >= f.length) {
      offset -= f.length;
      continue;
    }
    const usize part = n < f.length - offset ? n : f.length - offset;
    __builtin_memcpy(to, f.page->as<u8>() + f.offset + offset, part);
    to += part;
    n -= part;
    offset = 0;
  }
  DEBUG_ASSERT(n == 0);
}

void discard(packet_list& packets) {
  while (packet* p = packets.pop_front()) delete p;
}

}  // namespace osv::io
