// Processor features in use, found once at boot.
#pragma once

#include "base/types.hh"

namespace osv::arch {

struct processor_features {
  bool fsgsbase = false;
  bool xsave = false;
  bool xsaveopt = false;
  bool gigabyte_pages = false;
  bool x2apic = false;
  bool rdrand = false;
  bool rdseed = false;
  bool hypervisor = false;
  bool rdtscp = false;
  u64 xsave_mask = 3;        // XCR0
  u32 xsave_size = 512;      // bytes of the save area
  u32 hardware_capabilities = 0;  // AT_HWCAP: CPUID 1 EDX
};
extern processor_features features;

/// Reads CPUID; switches FSGSBASE, XSAVE, global pages on for this CPU. Once on every CPU.
void enable_features();

}  // namespace osv::arch
