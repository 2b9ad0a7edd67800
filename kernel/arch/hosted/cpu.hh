// The hosted "architecture": a thread of the host plays CPU 0. Included through arch/cpu.hh; tests only.
#pragma once

#include <atomic>

#include "base/trace_ids.hh"

namespace osv::arch {

inline unsigned cpu_count = 1;
inline unsigned cpu_id() { return 0; }
inline bool interrupts_enabled() { return true; }
inline void disable_interrupts() {}
inline void enable_interrupts() {}
inline u64 save_and_disable_interrupts() { return 0; }
inline void restore_interrupts(u64) {}
inline void disable_preemption() {}
inline void enable_preemption() {}
inline bool preemption_enabled() { return true; }
u64 timestamp();
inline void pause() { __builtin_ia32_pause(); }

inline trace::cpu_values hosted_values;
inline void count(trace::counter which, u64 amount = 1) {
  __atomic_fetch_add(&hosted_values.counters[static_cast<usize>(which)], amount, __ATOMIC_RELAXED);
}
inline trace::cpu_values& values_of(unsigned) { return hosted_values; }
inline trace::cpu_values& local_values() { return hosted_values; }

}  // namespace osv::arch
