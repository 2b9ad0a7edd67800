#include "arch/x86_64/early_random.hh"

#include "arch/cpu.hh"
#include "arch/x86_64/ports.hh"
#include "arch/x86_64/registers.hh"

namespace osv::arch {

namespace {

constexpr int tries = 10;                // SDM volume 1, 7.3.17.1
constexpr unsigned jitter_samples = 256;  // under a millisecond, on processors without RDRAND alone
constexpr unsigned samples_per_bit = 4;
constexpr u16 system_control_port = 0x61;  // reading it changes nothing, and leaves the guest on every hypervisor

/// Finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
u64 scramble(u64 z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // namespace

early_random::early_random() : state_(timestamp()) {
  rdrand_ = cpuid(1).c & 1u << 30;
  rdseed_ = cpuid(0).a >= 7 && cpuid(7).b & 1u << 18;
  u64 value;
  if (from_processor(value))
    mix(value);
  else
    collect_jitter();
}

u64 early_random::next() {
  u64 value = 0;
  if (from_processor(value)) bits_ += 64;
  mix(value ^ timestamp());
  return scramble(state_);
}

void early_random::mix(u64 value) { state_ = scramble(state_ + 0x9e3779b97f4a7c15) ^ value; }

bool early_random::from_processor(u64& value) const {
  bool ok = false;
  for (int i = 0; rdseed_ && !ok && i < tries; ++i) asm volatile("rdseed %0" : "=r"(value), "=@ccc"(ok));
  for (int i = 0; rdrand_ && !ok && i < tries; ++i) asm volatile("rdrand %0" : "=r"(value), "=@ccc"(ok));
  // Some processors' generators fail by one of these, for ever, and call it success.
  return ok && value != 0 && value != ~0ull;
}

/// A sample whose time, or its change, or the change of that repeats the one before counts for nothing (as jitterentropy does);
/// under a counted clock all of them do.
void early_random::collect_jitter() {
  unsigned good = 0;
  u64 last = timestamp(), last_time = 0, last_change = 0;
  for (unsigned i = 0; i < jitter_samples; ++i) {
    (void)in8(system_control_port);
    const u64 now = timestamp(), time = now - last, change = time - last_time;
    if (time != last_time && change != last_change && i > 1) ++good;
    mix(time);
    last = now;
    last_time = time;
    last_change = change;
  }
  bits_ = good / samples_per_bit;
}

}  // namespace osv::arch
