// SipHash-2-4 (Aumasson and Bernstein, 2012): the keyed function behind initial sequence numbers, ports and cookies.
#pragma once

#include <bit>

#include "base/types.hh"

namespace osv::net {

struct siphash_key {
  u64 k0 = 0, k1 = 0;
};

/// Of `count` 64-bit words.
inline u64 siphash(const siphash_key& key, const u64* words, usize count) {
  u64 v0 = key.k0 ^ 0x736f6d6570736575, v1 = key.k1 ^ 0x646f72616e646f6d;
  u64 v2 = key.k0 ^ 0x6c7967656e657261, v3 = key.k1 ^ 0x7465646279746573;
  const auto round = [&] {
    v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
    v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
    v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
  };
  const auto absorb = [&](u64 m) {
    v3 ^= m;
    round(), round();
    v0 ^= m;
  };
  for (usize i = 0; i < count; ++i) absorb(words[i]);
  absorb(static_cast<u64>(count * 8) << 56);
  v2 ^= 0xff;
  round(), round(), round(), round();
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace osv::net
