#include "arch/x86_64/features.hh"

#include "arch/x86_64/registers.hh"

namespace osv::arch {

// constinit: a constructor that ran after enable_features() would forget everything it found.
constinit processor_features features;

namespace {

void detect() {
  const cpuid_result one = cpuid(1);
  const u32 leaf_max = cpuid(0).a;
  features.hardware_capabilities = one.d;
  features.x2apic = one.c & 1u << 21;
  features.xsave = one.c & 1u << 26;
  features.rdrand = one.c & 1u << 30;
  features.hypervisor = one.c & 1u << 31;
  if (leaf_max >= 7) {
    const cpuid_result seven = cpuid(7);
    features.fsgsbase = seven.b & 1u;
    features.rdseed = seven.b & 1u << 18;
  }
  if (cpuid(0x80000000).a >= 0x80000001) {
    const cpuid_result extended = cpuid(0x80000001);
    features.gigabyte_pages = extended.d & 1u << 26;
    features.rdtscp = extended.d & 1u << 27;
  }
  if (features.xsave && leaf_max >= 0xd) {
    const cpuid_result d = cpuid(0xd);
    // x87, SSE, AVX, AVX-512 (three components). Not PKRU or AMX: their state needs an opt-in of its own.
    features.xsave_mask = (static_cast<u64>(d.d) << 32 | d.a) & 0xe7;
    if ((features.xsave_mask & 0xe0) != 0xe0) features.xsave_mask &= 7;
    features.xsaveopt = cpuid(0xd, 1).a & 1u;
  }
}

}  // namespace

void enable_features() {
  static bool detected;
  if (!detected) detect();
  u64 cr4 = read_cr4() | 1u << 7 | 1u << 9 | 1u << 10;  // PGE, OSFXSR, OSXMMEXCPT
  if (features.fsgsbase) cr4 |= 1u << 16;
  if (features.xsave) cr4 |= 1u << 18;
  write_cr4(cr4);
  if (features.xsave) {
    asm volatile("xsetbv" ::"c"(0), "a"(static_cast<u32>(features.xsave_mask)), "d"(static_cast<u32>(features.xsave_mask >> 32)));
    if (!detected) features.xsave_size = cpuid(0xd).b;  // for the components that XCR0 enables now
  }
  detected = true;
}

}  // namespace osv::arch
