// ChaCha20 (RFC 8439).
#pragma once

#include "base/types.hh"

namespace osv::sync {

struct chacha20_key {
  u32 words[8];  // 256 bits, little-endian words
};

/// The block function (RFC 8439, section 2.3): 64 bytes of key stream, as sixteen little-endian words.
void chacha20_block(const chacha20_key& key, u32 counter, const u32 (&nonce)[3], u32 (&out)[16]);

}  // namespace osv::sync
