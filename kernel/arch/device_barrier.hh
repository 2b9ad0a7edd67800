// The full memory barrier between the kernel and devices whose other half runs on another host thread.
#pragma once

#include <atomic>

#if !defined(OSV_HOSTED)
#include "arch/x86_64/ports.hh"
#endif

namespace osv::arch {

#if defined(OSV_HOSTED)
inline void device_barrier() { std::atomic_thread_fence(std::memory_order_seq_cst); }
#else
/// Set once at boot, on an emulator that leaves fences out (boot/processors.cc).
extern bool fences_are_elided;

/// Stores before it are visible to devices before loads behind it are made.
inline void device_barrier() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  constexpr u16 power_on_self_test_port = 0x80;  // nobody listens
  if (fences_are_elided) [[unlikely]]
    out8(power_on_self_test_port, 0);
}
#endif

}  // namespace osv::arch
