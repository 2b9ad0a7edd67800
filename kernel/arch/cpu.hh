// What upper layers may ask of the processor. The build chooses the architecture; `hosted` serves unit tests.
#pragma once

#include "base/types.hh"

namespace osv::arch {

constexpr unsigned cpus_max = 64;
constexpr usize cache_line_size = 64;

}  // namespace osv::arch

#if defined(OSV_HOSTED)
#include "arch/hosted/cpu.hh"
#elif defined(__x86_64__)
#include "arch/x86_64/cpu.hh"
#else
#error "no such architecture yet"
#endif

namespace osv::arch {

/// Keeps interrupts off in a scope; nests.
class interrupt_guard : pinned {
 public:
  interrupt_guard() : flags_(save_and_disable_interrupts()) {}
  ~interrupt_guard() { restore_interrupts(flags_); }

 private:
  u64 flags_;
};

/// One value a CPU, each on cache lines of its own.
template <typename T>
class per_cpu : pinned {
 public:
  T& operator[](unsigned cpu) { return slots_[cpu].value; }
  /// The caller keeps itself on this CPU (interrupts or preemption off).
  T& local() { return slots_[cpu_id()].value; }

 private:
  struct alignas(cache_line_size) slot {
    T value;
  };
  slot slots_[cpus_max];
};

}  // namespace osv::arch
