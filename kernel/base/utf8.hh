// UTF-8 (RFC 3629).
#pragma once

#include <string_view>

#include "base/types.hh"

namespace osv {

/// Bytes of the well-formed sequence at the start of `text`; 0 if it is malformed (overlong, a surrogate, beyond U+10FFFF,
/// cut off). `text` is not empty.
inline usize utf8_sequence_length(std::string_view text) {
  const auto byte = [&](usize i) { return static_cast<u8>(text[i]); };
  const auto continues = [&](usize i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const u8 first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) >= 0xa0) return 0;
    return 3;
  }
  if (first >= 0xf0 && first < 0xf5) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) >= 0x90) return 0;
    return 4;
  }
  return 0;
}

/// Writes the sequence of a code point (below 0x110000) to `out`; returns its length.
inline usize utf8_encode(u32 point, char (&out)[4]) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) {
    out[0] = static_cast<char>(point);
    return 1;
  }
  if (point < 0x800) {
    out[0] = static_cast<char>(0xc0 | point >> 6);
    out[1] = tail(0);
    return 2;
  }
  if (point < 0x10000) {
    out[0] = static_cast<char>(0xe0 | point >> 12);
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xf0 | point >> 18);
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

}  // namespace osv
