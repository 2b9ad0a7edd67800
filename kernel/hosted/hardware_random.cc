// Tests get the same "random" numbers on every run: a 64-bit generator with a fixed start (SplitMix64).
#include "arch/hardware_random.hh"

#include <atomic>

namespace osv::arch {

bool hardware_random(u64& value) {
  static std::atomic<u64> state{1};
  u64 z = state.fetch_add(0x9e3779b97f4a7c15ull);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  value = z ^ z >> 31;
  return true;
}

}  // namespace osv::arch
