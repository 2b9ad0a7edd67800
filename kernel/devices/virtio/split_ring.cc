#include "devices/virtio/split_ring.hh"

#include "arch/device_barrier.hh"

namespace osv::devices::virtio {
namespace {

// virtio 1.2, 2.7.5, 2.7.6, 2.7.8.
constexpr u16 descriptor_next = 1, descriptor_write = 2, descriptor_indirect = 4;
constexpr u16 available_no_interrupt = 1, used_no_notify = 1;

u16 load(const u16* at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
void store(u16* at, u16 value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }

// 2.7.10: has the index passed `event` between `before` and `now`?
bool wants_event(u16 event, u16 now, u16 before) { return static_cast<u16>(now - event - 1) < static_cast<u16>(now - before); }

}  // namespace

result<unique<split_ring>> split_ring::create(const configuration& c) {
  if (c.size == 0 || c.size > size_max || (c.size & (c.size - 1))) return fail(errc::invalid);
  unique<split_ring> ring(new (std::nothrow) split_ring);
  if (!ring) return fail(errc::no_memory);
  ring->slots_ = TRY(buffer<slot>::create(c.size));
  ring->size_ = c.size;
  ring->event_index_ = c.event_index;
  ring->descriptors_ = static_cast<descriptor*>(c.memory);
  ring->available_ = static_cast<u8*>(c.memory) + available_offset(c.size);
  ring->used_ = static_cast<u8*>(c.memory) + used_offset(c.size);
  for (u16 i = 0; i < c.size; ++i) ring->slots_[i].next = static_cast<u16>(i + 1);
  ring->free_count_ = c.size;
  if (c.indirect_memory) {
    const usize tables = c.indirect_bytes / (indirect_segments_max * sizeof(descriptor));
    ring->indirect_free_ = TRY(buffer<i16>::create(tables));
    for (usize i = 0; i < tables; ++i) ring->indirect_free_[i] = static_cast<i16>(i);
    ring->indirect_free_count_ = tables;
    ring->indirect_tables_ = static_cast<descriptor*>(c.indirect_memory);
    ring->indirect_physical_ = c.indirect_physical;
  }
  return ring;
}

void split_ring::break_ring(const char* why) {
  if (!why_) why_ = why;
}

bool split_ring::has_room(usize segments) const {
  if (segments <= free_count_) return true;
  return segments <= indirect_segments_max && indirect_free_count_ > 0 && free_count_ > 0;
}

void split_ring::write_descriptor(descriptor* at, const segment& s, u16 flags, u16 next) { *at = {s.address, s.length, flags, next}; }

bool split_ring::add_indirect(std::span<const segment> readable, std::span<const segment> writable, void* token) {
  const usize total = readable.size() + writable.size();
  const i16 table = indirect_free_[--indirect_free_count_];
  descriptor* entries = indirect_tables_ + usize(table) * indirect_segments_max;
  u32 bytes_writable = 0;
  for (usize i = 0; i < total; ++i) {
    const bool write = i >= readable.size();
    const segment& s = write ? writable[i - readable.size()] : readable[i];
    if (write) bytes_writable += s.length;
    const u16 flags = (write ? descriptor_write : 0) | (i + 1 < total ? descriptor_next : 0);
    write_descriptor(entries + i, s, static_cast<u16>(flags), static_cast<u16>(i + 1));
  }
  const u16 head = free_head_;
  slot& first = slots_[head];
  free_head_ = first.next;
  --free_count_;
  first.token = token;
  first.writable = bytes_writable;
  first.count = 1;
  first.indirect = table;
  const u64 address = indirect_physical_ + usize(table) * indirect_segments_max * sizeof(descriptor);
  write_descriptor(descriptors_ + head, {address, static_cast<u32>(total * sizeof(descriptor))}, descriptor_indirect, 0);
  available_ring()[available_next_ & (size_ - 1)] = head;
  ++available_next_;
  ++in_flight_;
  return true;
}

bool split_ring::add(std::span<const segment> readable, std::span<const segment> writable, void* token) {
  DEBUG_ASSERT(token);
  const usize total = readable.size() + writable.size();
  if (broken() || total == 0 || !has_room(total)) return false;
  // A table costs the device one more fetch: worth it only when the chain would eat many descriptors.
  if (indirect_free_count_ > 0 && total <= indirect_segments_max && (total > 4 || total > free_count_)) return add_indirect(readable, writable, token);

  const u16 head = free_head_;
  u16 at = head;
  u32 bytes_writable = 0;
  for (usize i = 0; i < total; ++i) {
    const bool write = i >= readable.size();
    const segment& s = write ? writable[i - readable.size()] : readable[i];
    if (write) bytes_writable += s.length;
    const u16 next = slots_[at].next;
    const u16 flags = (write ? descriptor_write : 0) | (i + 1 < total ? descriptor_next : 0);
    write_descriptor(descriptors_ + at, s, static_cast<u16>(flags), next);
    at = next;
  }
  free_head_ = at;
  free_count_ = static_cast<u16>(free_count_ - total);
  slot& first = slots_[head];
  first.token = token;
  first.writable = bytes_writable;
  first.count = static_cast<u16>(total);
  first.indirect = -1;
  available_ring()[available_next_ & (size_ - 1)] = head;
  ++available_next_;
  ++in_flight_;
  return true;
}

bool split_ring::publish() {
  if (published_ == available_next_ || broken()) return false;
  const u16 before = published_;
  published_ = available_next_;
  store(available_index(), published_);
  // 2.7.13.4.1: the index must be visible before the device's wish is read, else both sides may sleep.
  arch::device_barrier();
  if (event_index_) return wants_event(load(available_event()), published_, before);
  return !(load(used_flags()) & used_no_notify);
}

bool split_ring::has_used() const { return !broken() && load(used_index()) != used_next_; }

void split_ring::free_chain(u16 head) {
  slot& first = slots_[head];
  if (first.indirect >= 0) {
    indirect_free_[indirect_free_count_++] = first.indirect;
    first.indirect = -1;
  }
  u16 last = head;
  for (u16 i = 1; i < first.count; ++i) last = slots_[last].next;
  slots_[last].next = free_head_;
  free_head_ = head;
  free_count_ = static_cast<u16>(free_count_ + first.count);
  first.token = nullptr;
  --in_flight_;
}

bool split_ring::take(completion& out) {
  if (broken()) return false;
  const u16 pending = static_cast<u16>(load(used_index()) - used_next_);
  if (pending == 0) return false;
  if (pending > in_flight_) {
    break_ring("used index ahead of what was given");
    return false;
  }
  const u8* element = used_element(used_next_ & (size_ - 1));
  const u32 id = __atomic_load_n(reinterpret_cast<const u32*>(element), __ATOMIC_RELAXED);
  const u32 written = __atomic_load_n(reinterpret_cast<const u32*>(element + 4), __ATOMIC_RELAXED);
  if (id >= size_ || !slots_[id].token) {
    break_ring("used element names no buffer in flight");
    return false;
  }
  slot& first = slots_[id];
  if (written > first.writable) {
    break_ring("used length beyond the buffer");
    return false;
  }
  out = {first.token, written};
  free_chain(static_cast<u16>(id));
  ++used_next_;
  return true;
}

void split_ring::disable_interrupts() {
  if (event_index_)
    store(used_event(), static_cast<u16>(used_next_ - 1));  // passed only after 65,535 further buffers
  else
    store(available_flags(), available_no_interrupt);
}

bool split_ring::enable_interrupts(u16 skip) {
  if (broken()) return true;
  if (skip >= in_flight_) skip = in_flight_ ? static_cast<u16>(in_flight_ - 1) : 0;
  if (event_index_)
    store(used_event(), static_cast<u16>(used_next_ + skip));
  else
    store(available_flags(), 0);
  // 2.7.7.1: the wish must be visible before the index is read again.
  arch::device_barrier();
  return static_cast<u16>(load(used_index()) - used_next_) <= skip;
}

void* split_ring::reclaim() {
  for (u16 i = 0; i < size_; ++i)
    if (void* token = slots_[i].token) {
      free_chain(i);
      return token;
    }
  return nullptr;
}

}  // namespace osv::devices::virtio
