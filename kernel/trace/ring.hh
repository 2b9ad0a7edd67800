// Where events go: one ring of fixed-size records a CPU. The CPU itself writes, with interrupts off; one reader at a time
// takes. A full ring overwrites its oldest events.
#pragma once

#include "trace/tracepoint.hh"

namespace osv::trace {

struct event {
  u64 timestamp;   // arch::timestamp()
  u32 thread;      // 0: no thread yet
  u16 tracepoint;  // index in tracepoints()
  u16 cpu;
  u64 arguments[arguments_max];
};
static_assert(sizeof(event) == 48);

class event_ring {
 public:
  /// `capacity` events, a power of two; the storage lives for ever.
  void provide(event* storage, u64 capacity);
  bool provided() const { return __atomic_load_n(&storage_, __ATOMIC_ACQUIRE) != nullptr; }
  /// Writer: interrupts are off and the ring is this CPU's. False if an event was lost by it.
  bool write(const event& e);
  /// Reader: the oldest event that was not taken yet, without taking it.
  bool peek(event& out);
  /// Reader: takes what peek() showed.
  void take();

 private:
  event* storage_ = nullptr;
  u64 capacity_ = 0;
  u64 written_ = 0;  // events ever
  u64 taken_ = 0;    // events ever taken or skipped
};

event_ring& ring_of(unsigned cpu);

}  // namespace osv::trace
