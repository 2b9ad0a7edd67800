// CPUID and model-specific registers.
#pragma once

#include "base/types.hh"

namespace osv::arch {

struct cpuid_result {
  u32 eax, ebx, ecx, edx;
};
inline cpuid_result cpuid(u32 leaf, u32 subleaf = 0) {
  cpuid_result r;
  asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
  return r;
}

inline u64 read_msr(u32 number) {
  u32 low, high;
  asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number) : "memory");
  return static_cast<u64>(high) << 32 | low;
}
inline void write_msr(u32 number, u64 value) {
  asm volatile("wrmsr" ::"c"(number), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32)) : "memory");
}

}  // namespace osv::arch
