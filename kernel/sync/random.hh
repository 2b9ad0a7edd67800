// The kernel's random generator: ChaCha20 keyed from RDSEED/RDRAND, virtio-rng, boot data and timing.
#pragma once

#include "base/types.hh"
#include "sync/wait_queue.hh"

namespace osv::sync {

/// Takes what the processor's generator and its timing jitter give. Called once by boot/; numbers drawn earlier come from
/// timing alone.
void initialize_random();
/// Mixes `size` bytes in; `credit_bits` is how much entropy they are trusted to hold. Safe in any context.
void add_entropy(const void* data, usize size, unsigned credit_bits);
/// True once 256 bits were credited.
bool random_seeded();
/// Sleeps until random_seeded() (getrandom(2) without GRND_NONBLOCK).
wait_result wait_until_random_seeded();
/// Fills the buffer (kernel memory); does not wait. Safe in any context.
void random_bytes(void* into, usize size);
inline u64 random_u64() {
  u64 value;
  random_bytes(&value, sizeof value);
  return value;
}
inline u32 random_u32() { return static_cast<u32>(random_u64()); }

}  // namespace osv::sync
