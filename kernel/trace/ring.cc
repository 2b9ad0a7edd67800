#include "trace/ring.hh"

#include "arch/cpu.hh"
#include "base/assert.hh"
#include "trace/count.hh"

namespace osv::trace {

namespace {

constinit arch::per_cpu<event_ring> rings;
using id_source = u32 (*)();
constinit id_source thread_id_source = nullptr;

/// Copies a record as relaxed words: the other side may be at it at the same time, which the counters then reveal.
void copy_event(event& to, const event& from) {
  auto* target = reinterpret_cast<u64*>(&to);
  auto* source = reinterpret_cast<const u64*>(&from);
  for (usize i = 0; i < sizeof(event) / sizeof(u64); ++i)
    __atomic_store_n(&target[i], __atomic_load_n(&source[i], __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

}  // namespace

void event_ring::provide(event* storage, u64 capacity) {
  ASSERT(capacity && (capacity & (capacity - 1)) == 0 && !storage_);
  capacity_ = capacity;
  // release: a writer that sees the storage sees the capacity too.
  __atomic_store_n(&storage_, storage, __ATOMIC_RELEASE);
}

bool event_ring::write(const event& e) {
  event* storage = __atomic_load_n(&storage_, __ATOMIC_ACQUIRE);
  if (!storage) return false;
  const u64 position = written_;
  const bool overwrites = position - __atomic_load_n(&taken_, __ATOMIC_RELAXED) >= capacity_;
  copy_event(storage[position & (capacity_ - 1)], e);
  // release: a reader that sees the count sees the record.
  __atomic_store_n(&written_, position + 1, __ATOMIC_RELEASE);
  return !overwrites;
}

bool event_ring::peek(event& out) {
  const event* storage = __atomic_load_n(&storage_, __ATOMIC_ACQUIRE);
  if (!storage) return false;
  for (;;) {
    const u64 written = __atomic_load_n(&written_, __ATOMIC_ACQUIRE);
    if (taken_ == written) return false;
    // The slot of the event `capacity_` places back may be being overwritten right now: leave one out.
    if (written - taken_ >= capacity_) __atomic_store_n(&taken_, written - capacity_ + 1, __ATOMIC_RELAXED);
    copy_event(out, storage[taken_ & (capacity_ - 1)]);
    // Keeps the copy before the second look at the count.
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&written_, __ATOMIC_RELAXED) - taken_ < capacity_) return true;
  }
}

void event_ring::take() { __atomic_store_n(&taken_, taken_ + 1, __ATOMIC_RELAXED); }

event_ring& ring_of(unsigned cpu) { return rings[cpu]; }

void set_thread_id_source(u32 (*source)()) { thread_id_source = source; }

void tracepoint_base::record(const u64 (&arguments)[arguments_max]) {
  arch::interrupt_guard guard;
  const u32 thread = thread_id_source ? thread_id_source() : 0;
  if (filter_thread && filter_thread != thread) return;
  if (filter_argument < argument_count && arguments[filter_argument] != filter_value) return;
  __atomic_fetch_add(&hits, 1, __ATOMIC_RELAXED);
  const unsigned cpu = arch::cpu_id();
  event e{arch::timestamp(), thread, static_cast<u16>(this - tracepoints().data()), static_cast<u16>(cpu), {}};
  for (usize i = 0; i < argument_count; ++i) e.arguments[i] = arguments[i];
  if (!rings[cpu].write(e)) arch::count(counter::trace_events_lost);
}

}  // namespace osv::trace
