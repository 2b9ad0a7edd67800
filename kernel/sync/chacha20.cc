#include "sync/chacha20.hh"

#include <bit>

namespace osv::sync {

namespace {

/// RFC 8439, section 2.1.
inline void quarter_round(u32& a, u32& b, u32& c, u32& d) {
  a += b, d = std::rotl(d ^ a, 16);
  c += d, b = std::rotl(b ^ c, 12);
  a += b, d = std::rotl(d ^ a, 8);
  c += d, b = std::rotl(b ^ c, 7);
}

}  // namespace

void chacha20_block(const chacha20_key& key, u32 counter, const u32 (&nonce)[3], u32 (&out)[16]) {
  const u32 start[16] = {0x61707865,   0x3320646e,   0x79622d32,   0x6b206574,  // "expand 32-byte k"
                         key.words[0], key.words[1], key.words[2], key.words[3],
                         key.words[4], key.words[5], key.words[6], key.words[7],
                         counter,      nonce[0],     nonce[1],     nonce[2]};
  for (int i = 0; i < 16; ++i) out[i] = start[i];
  for (int round = 0; round < 20; round += 2) {
    quarter_round(out[0], out[4], out[8], out[12]);
    quarter_round(out[1], out[5], out[9], out[13]);
    quarter_round(out[2], out[6], out[10], out[14]);
    quarter_round(out[3], out[7], out[11], out[15]);
    quarter_round(out[0], out[5], out[10], out[15]);
    quarter_round(out[1], out[6], out[11], out[12]);
    quarter_round(out[2], out[7], out[8], out[13]);
    quarter_round(out[3], out[4], out[9], out[14]);
  }
  for (int i = 0; i < 16; ++i) out[i] += start[i];
}

}  // namespace osv::sync
