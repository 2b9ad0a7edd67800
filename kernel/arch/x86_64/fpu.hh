// The program's floating-point and vector state (SDM volume 1, chapter 13).
#pragma once

#include "arch/x86_64/features.hh"

namespace osv::arch {

/// `area` is 64-byte aligned, features.xsave_size bytes, zeroed before first use.
inline void save_fpu(void* area) {
  if (features.xsaveopt)
    asm volatile("xsaveopt64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
  else if (features.xsave)
    asm volatile("xsave64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
  else
    asm volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}
/// Unlike save_fpu never leaves out components: for signal frames, which somebody else reads.
inline void save_fpu_whole(void* area) {
  if (features.xsave)
    asm volatile("xsave64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
  else
    asm volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}
inline void restore_fpu(const void* area) {
  if (features.xsave)
    asm volatile("xrstor64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
  else
    asm volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
}
/// Start-up state: FCW 0x37f, MXCSR 0x1f80, everything else zero.
void initialize_fpu_area(void* area);

}  // namespace osv::arch
