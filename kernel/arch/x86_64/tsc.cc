#include "arch/x86_64/tsc.hh"

#include "arch/cpu.hh"
#include "arch/x86_64/registers.hh"
#include "arch/x86_64/ports.hh"

namespace osv::arch {
namespace {

// --- KVM's clock (Linux Documentation/virt/kvm/x86/msr.rst and cpuid.rst) ---
constexpr u32 msr_wall_clock = 0x4b564d00;
constexpr u32 msr_system_time = 0x4b564d01;

struct kvm_system_time {
  volatile u32 version;
  u32 padding;
  u64 tsc_timestamp;
  u64 system_time;
  u32 multiplier;
  i8 shift;
  u8 flags;
  u8 padding_2[2];
};
struct kvm_wall_time {
  volatile u32 version;
  u32 seconds;
  u32 nanoseconds;
};
struct alignas(64) kvm_page {
  kvm_system_time system;
  alignas(64) kvm_wall_time wall;
};
constinit kvm_page kvm{};
constinit bool kvm_clock_valid = false;

// --- a counter of known rate that the TSC is measured against ---
struct reference_counter {
  u64 hertz;
  u64 mask;  // width
  u32 (*read)();
};
constinit u16 timer_port = 0;

// ACPI 6.4, 4.8.2.1: 3.579545 MHz, at least 24 bits.
constexpr reference_counter acpi_timer{3579545, 0xffffff, [] { return in32(timer_port); }};

// 8254 channel 2, mode 2 with reload 65536: counts down for ever.
constexpr reference_counter interval_timer{1193182, 0xffff, [] {
                                             out8(0x43, 0x80);  // latch channel 2
                                             const u32 low = in8(0x42);
                                             const u32 high = in8(0x42);
                                             return 0x10000u - (high << 8 | low);
                                           }};

void start_interval_timer() {
  out8(0x61, (in8(0x61) & ~2u) | 1);  // gate on, speaker off
  out8(0x43, 0xb4);                   // channel 2, low then high byte, mode 2
  out8(0x42, 0);
  out8(0x42, 0);
}

struct sample {
  u64 tsc;
  u64 reference;
};

constinit const reference_counter* reference = nullptr;
constinit sample first_sample{};
constinit u64 hertz = 0;
constinit const char* origin = "unknown";
constinit tsc_scale scale{0, 32};
// Ticks per nanosecond as a fraction of 2^32.
constinit u64 ticks_multiplier = 0;

// The moment at which the reference steps, so that its coarse tick costs no precision; of several the one that was caught
// between the two closest reads, so that a pause of this CPU costs none either.
sample take_sample() {
  interrupt_guard guard;
  sample best{};
  u64 best_width = ~0ull;
  u64 value = reference->read() & reference->mask;
  u64 before = timestamp();
  unsigned steps = 0;
  for (unsigned tries = 0; tries < 100000 && steps < 8; ++tries) {
    const u64 next = reference->read() & reference->mask;
    const u64 after = timestamp();
    if (next != value) {
      ++steps;
      if (after - before < best_width) {
        best_width = after - before;
        best = {before + best_width / 2, next};
      }
      value = next;
    }
    before = after;
  }
  return best;
}

void set_rate(u64 rate) {
  hertz = rate;
  ticks_multiplier = static_cast<u64>((static_cast<unsigned __int128>(rate) << 32) / 1'000'000'000);
  // The largest shift whose multiplier fits in 32 bits: relative error below 2^-31.
  u32 shift = 32;
  u64 multiplier;
  for (;; --shift) {
    multiplier = static_cast<u64>((static_cast<unsigned __int128>(1'000'000'000) << shift) / rate);
    if (multiplier >> 32 == 0 || shift == 0) break;
  }
  scale = {static_cast<u32>(multiplier), shift};
}

bool is_hypervisor(const char* name) {
  if (!(cpuid(1).c & 1u << 31)) return false;
  const cpuid_result r = cpuid(0x40000000);
  return __builtin_memcmp(&r.b, name, 4) == 0 && __builtin_memcmp(&r.c, name + 4, 4) == 0 &&
         __builtin_memcmp(&r.d, name + 8, 4) == 0;
}

u64 rate_from_kvm(u64 page_physical) {
  if (!page_physical || !is_hypervisor("KVMKVMKVM\0\0\0")) return 0;
  if (!(cpuid(0x40000001).a & 1u << 3)) return 0;  // KVM_FEATURE_CLOCKSOURCE2
  write_msr(msr_wall_clock, page_physical + offsetof(kvm_page, wall));
  write_msr(msr_system_time, page_physical | 1);
  if (kvm.system.version == 0 || kvm.system.multiplier == 0) return 0;
  kvm_clock_valid = true;
  u64 rate = static_cast<u64>((static_cast<unsigned __int128>(1'000'000'000) << 32) / kvm.system.multiplier);
  return kvm.system.shift < 0 ? rate << -kvm.system.shift : rate >> kvm.system.shift;
}

u64 rate_from_cpuid() {
  if (cpuid(0).a >= 0x15) {
    const cpuid_result r = cpuid(0x15);  // crystal rate times ebx / eax
    if (r.a && r.b && r.c) return static_cast<u64>(r.c) * r.b / r.a;
  }
  if (cpuid(1).c & 1u << 31 && cpuid(0x40000000).a >= 0x40000010) return cpuid(0x40000010).a * 1000ull;
  return 0;
}

u64 rate_from_reference(const sample& end) {
  const u64 ticks = (end.reference - first_sample.reference) & reference->mask;
  if (ticks == 0) return 0;
  return static_cast<u64>(static_cast<unsigned __int128>(end.tsc - first_sample.tsc) * reference->hertz / ticks);
}

u64 measure_rate() {
  if (timer_port) {
    reference = &acpi_timer;
  } else {
    reference = &interval_timer;
    start_interval_timer();
  }
  first_sample = take_sample();
  const u64 window = reference->hertz / 2000;  // 0.5 ms
  for (int tries = 0; tries < 1'000'000; ++tries)
    if (((reference->read() - first_sample.reference) & reference->mask) >= window) break;
  return rate_from_reference(take_sample());
}

}  // namespace

void* kvm_clock_page() { return &kvm; }
u64 tsc_hertz() { return hertz; }
const char* tsc_origin() { return origin; }
tsc_scale tsc_to_nanoseconds_scale() { return scale; }

void tsc_initialize(const tsc_sources& sources) {
  timer_port = sources.power_management_timer_port;
  u64 rate = rate_from_kvm(sources.kvm_clock_page_physical);
  origin = "the KVM clock";
  if (!rate) {
    rate = rate_from_cpuid();
    origin = "CPUID";
  }
  if (!rate) {
    rate = measure_rate();
    origin = timer_port ? "the ACPI timer" : "the interval timer";
    // A counter that stands still, or an absurd result: nothing to measure against.
    if (rate < 50'000'000 || rate > 100'000'000'000) {
      reference = nullptr;
      const u64 nominal_megahertz = cpuid(0).a >= 0x16 ? cpuid(0x16).a & 0xffff : 0;
      rate = nominal_megahertz ? nominal_megahertz * 1'000'000 : 1'000'000'000;
      origin = "a guess";
    }
  }
  set_rate(rate);
}

bool tsc_refine() {
  if (!reference) return false;
  const sample end = take_sample();
  const u64 elapsed = end.tsc - first_sample.tsc;
  // How often the reference wrapped round: known from the present estimate, whose error is far below half a round.
  const auto expected = static_cast<u64>(static_cast<unsigned __int128>(elapsed) * reference->hertz / hertz);
  const u64 round = reference->mask + 1;
  u64 ticks = ((end.reference - first_sample.reference) & reference->mask) + (expected & ~reference->mask);
  if (ticks > expected + round / 2)
    ticks -= round;
  else if (ticks + round / 2 < expected)
    ticks += round;
  if (ticks == 0) return false;
  const auto rate = static_cast<u64>(static_cast<unsigned __int128>(elapsed) * reference->hertz / ticks);
  // More than 0.5 % away from the first measure: a stopped virtual machine or a broken counter, not a better estimate.
  if (rate > hertz + hertz / 200 || rate < hertz - hertz / 200) {
    reference = nullptr;
    return false;
  }
  set_rate(rate);
  return true;
}

nanoseconds kvm_wall_clock(u64 at) {
  if (!kvm_clock_valid) return 0;
  const u64 delta = at - kvm.system.tsc_timestamp;
  const u64 shifted = kvm.system.shift < 0 ? delta >> -kvm.system.shift : delta << kvm.system.shift;
  const auto since = static_cast<u64>(static_cast<unsigned __int128>(shifted) * kvm.system.multiplier >> 32);
  return kvm.wall.seconds * second + kvm.wall.nanoseconds + static_cast<nanoseconds>(kvm.system.system_time + since);
}

nanoseconds ticks_to_nanoseconds(u64 ticks) {
  return static_cast<nanoseconds>(static_cast<unsigned __int128>(ticks) * scale.multiplier >> scale.shift);
}

u64 nanoseconds_to_ticks(nanoseconds duration) {
  if (duration <= 0) return 0;
  return static_cast<u64>(static_cast<unsigned __int128>(duration) * ticks_multiplier >> 32);
}

void spin_for(nanoseconds duration) {
  const u64 start = timestamp();
  const u64 ticks = nanoseconds_to_ticks(duration);
  while (timestamp() - start < ticks) pause();
}

}  // namespace osv::arch
