// Always-on counters and histograms: `trace::count(trace::counter::wake_ups)`.
#pragma once

#include "arch/cpu.hh"
#include "base/trace_ids.hh"

namespace osv::trace {

inline void count(counter which, u64 amount = 1) { arch::count(which, amount); }

/// The bucket for a duration in nanoseconds.
inline unsigned bucket_of(u64 value) {
  const unsigned bucket = value >> histogram_first_bit ? 64 - static_cast<unsigned>(__builtin_clzll(value >> histogram_first_bit)) : 0;
  return bucket < histogram_buckets ? bucket : histogram_buckets - 1;
}

/// Adds one observation of a duration. Interrupts are off.
inline void record_with_interrupts_off(histogram which, nanoseconds duration) {
  const u64 value = duration > 0 ? static_cast<u64>(duration) : 0;
  histogram_values& values = arch::local_values().histograms[static_cast<usize>(which)];
  ++values.buckets[bucket_of(value)];
  values.sum_nanoseconds += value;
}

/// Adds one observation of a duration, in any context.
inline void record(histogram which, nanoseconds duration) {
  arch::interrupt_guard guard;
  record_with_interrupts_off(which, duration);
}

/// Sum over all CPUs.
inline u64 total(counter which) {
  u64 sum = 0;
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu)
    sum += __atomic_load_n(&arch::values_of(cpu).counters[static_cast<usize>(which)], __ATOMIC_RELAXED);
  return sum;
}

}  // namespace osv::trace
