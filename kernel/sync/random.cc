// Fast key erasure (Bernstein, 2017): each request replaces the key that produced it, so that a later look into memory
// tells nothing about earlier numbers. One pool collects entropy; each CPU draws from a key of its own, which it renews
// from the pool when entropy was added and every few seconds, so that clones of a snapshot part ways.
// Lock order: a CPU's generator, then the pool.
#include "sync/random.hh"

#include <cstring>

#include "arch/hardware_random.hh"
#include "lock/spin_lock.hh"
#include "sync/chacha20.hh"

namespace osv::sync {

namespace {

constexpr unsigned seeded_bits = 256;
/// Ticks of the time-stamp counter after which a CPU's key is renewed: a few seconds.
constexpr u64 renew_after = 1ull << 34;
constexpr unsigned jitter_samples = 1024;

/// First nonce word: what a block is for. No key is used for two purposes with the same nonce.
enum purpose : u32 { absorb = 1, derive, request, stream };

struct entropy_pool {
  chacha20_key key{};
  u32 absorbed = 0;  // chunks, part of the nonce
};

struct generator {
  lock::irq_spin_lock lock{lock::rank::log};
  chacha20_key key{};
  u64 generation = 0;
  u64 renewed_at = 0;
};

constinit lock::irq_spin_lock pool_lock{lock::rank::leaf};
constinit entropy_pool pool;
constinit std::atomic<u64> pool_generation{1};
constinit std::atomic<unsigned> credited_bits{0};
constinit wait_queue* seeded_queue = nullptr;
constinit arch::per_cpu<generator> generators;

wait_queue& the_seeded_queue() {
  static wait_queue queue;
  return queue;
}

/// Not removed by the optimiser.
void wipe(void* data, usize size) {
  std::memset(data, 0, size);
  asm volatile("" ::"r"(data) : "memory");
}

/// Replaces `key` by the first half of a block made with it; the second half goes to `out`.
void step(chacha20_key& key, purpose what, u32 (&out)[8]) {
  const u64 now = arch::timestamp();
  u32 block[16];
  chacha20_block(key, 0, {what, static_cast<u32>(now), static_cast<u32>(now >> 32)}, block);
  std::memcpy(key.words, block, sizeof key.words);
  std::memcpy(out, block + 8, sizeof out);
  wipe(block, sizeof block);
}

/// Mixes up to 32 bytes into the pool. The pool's lock is held.
void absorb_chunk(const u8* data, usize size) {
  u32 words[8] = {};
  std::memcpy(words, data, size);
  for (int i = 0; i < 8; ++i) pool.key.words[i] ^= words[i];
  const u64 now = arch::timestamp();
  u32 block[16];
  chacha20_block(pool.key, ++pool.absorbed, {absorb, static_cast<u32>(now), static_cast<u32>(now >> 32)}, block);
  std::memcpy(pool.key.words, block, sizeof pool.key.words);
  wipe(block, sizeof block);
  wipe(words, sizeof words);
}

/// Gives `g` a fresh key. Its lock is held.
void renew(generator& g, u64 generation, u64 now) {
  u64 hardware[4] = {};
  for (u64& word : hardware) (void)arch::hardware_random(word);
  {
    lock::guard held(pool_lock);
    absorb_chunk(reinterpret_cast<const u8*>(hardware), sizeof hardware);
    u32 fresh[8];
    step(pool.key, derive, fresh);
    for (int i = 0; i < 8; ++i) g.key.words[i] ^= fresh[i];
    wipe(fresh, sizeof fresh);
  }
  wipe(hardware, sizeof hardware);
  g.generation = generation;
  g.renewed_at = now;
}

/// Mixes in how long some memory accesses take, `samples` times. Returns the bits to credit: an eighth for each sample whose
/// second difference varied, so that jitter alone needs more than one round.
unsigned absorb_jitter(unsigned samples) {
  static u8 touched[4096];
  unsigned varied = 0;
  u64 previous_delta = 0, before = arch::timestamp();
  i64 previous_difference = 0;
  for (unsigned sample = 0; sample < samples; ++sample) {
    for (unsigned i = 0; i < 16; ++i)
      asm volatile("incb (%0)" ::"r"(&touched[(sample * 331 + i * 251) % sizeof touched]) : "memory");
    const u64 after = arch::timestamp(), delta = after - before;
    const i64 difference = static_cast<i64>(delta - previous_delta);
    if (difference != 0 && difference != previous_difference) ++varied;
    previous_delta = delta;
    previous_difference = difference;
    before = after;
    lock::guard held(pool_lock);
    absorb_chunk(reinterpret_cast<const u8*>(&delta), sizeof delta);
  }
  return varied / 8;
}

}  // namespace

void initialize_random() {
  seeded_queue = &the_seeded_queue();
  u64 hardware[8];
  unsigned words = 0;
  for (u64& word : hardware)
    if (arch::hardware_random(word)) ++words;
  // Jitter is dear (a block of ChaCha20 for each sample), and a processor with a generator hardly needs it.
  add_entropy(hardware, sizeof hardware, words * 64 + absorb_jitter(words ? 64 : jitter_samples));
}

void add_entropy(const void* data, usize size, unsigned credit_bits) {
  const u8* bytes = static_cast<const u8*>(data);
  for (usize at = 0; at < size; at += 32) {
    lock::guard held(pool_lock);
    absorb_chunk(bytes + at, size - at < 32 ? size - at : 32);
  }
  const unsigned before = credited_bits.load(std::memory_order_relaxed);
  if (before < seeded_bits) credited_bits.fetch_add(credit_bits < seeded_bits ? credit_bits : seeded_bits, std::memory_order_relaxed);
  // release: whoever sees the new generation also sees the pool's new key.
  pool_generation.fetch_add(1, std::memory_order_release);
  if (before < seeded_bits && random_seeded() && seeded_queue) seeded_queue->wake();
}

bool random_seeded() { return credited_bits.load(std::memory_order_relaxed) >= seeded_bits; }

wait_result wait_until_random_seeded() {
  for (;;) {
    if (random_seeded()) return wait_result::ready;
    // Without a generator in the processor or virtio-rng, timing is all there is: one round between sleeps.
    const unsigned bits = absorb_jitter(jitter_samples);
    add_entropy(nullptr, 0, bits);
    const nanoseconds deadline = sched::now() + 10 * millisecond;
    const wait_result outcome = the_seeded_queue().wait([] { return random_seeded(); }, deadline);
    if (outcome != wait_result::timed_out) return outcome;
  }
}

void random_bytes(void* into, usize size) {
  u32 half[8];
  {
    // The thread may move to another CPU before it has the lock: harmless, the lock is what protects the key.
    generator& g = generators.local();
    lock::guard held(g.lock);
    const u64 now = arch::timestamp(), generation = pool_generation.load(std::memory_order_acquire);
    if (g.generation != generation || now - g.renewed_at > renew_after) renew(g, generation, now);
    step(g.key, request, half);
  }
  u8* out = static_cast<u8*>(into);
  if (size <= sizeof half) {
    std::memcpy(out, half, size);
  } else {
    chacha20_key key;
    std::memcpy(key.words, half, sizeof half);
    u32 block[16];
    for (u32 counter = 0; size; ++counter) {
      chacha20_block(key, counter, {stream, 0, 0}, block);
      const usize n = size < sizeof block ? size : sizeof block;
      std::memcpy(out, block, n);
      out += n;
      size -= n;
      DEBUG_ASSERT(counter != ~0u);
    }
    wipe(block, sizeof block);
    wipe(&key, sizeof key);
  }
  wipe(half, sizeof half);
}

}  // namespace osv::sync
