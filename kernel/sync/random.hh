// The kernel's random generator: ChaCha20 keyed from RDSEED/RDRAND, virtio-rng, boot data and timing.
#pragma once

#include "base/types.hh"

namespace osv::sync {

/// Mixes `size` bytes in; `credit_bits` is how much entropy they are trusted to hold. Safe in any context but interrupts.
void add_entropy(const void* data, usize size, unsigned credit_bits);
/// True once 256 bits were credited.
bool random_seeded();
/// Fills the buffer; does not wait (getrandom(2) waits on `random_seeded` itself).
void random_bytes(void* into, usize size);
inline u64 random_u64() {
  u64 value;
  random_bytes(&value, sizeof value);
  return value;
}
inline u32 random_u32() { return static_cast<u32>(random_u64()); }

}  // namespace osv::sync
