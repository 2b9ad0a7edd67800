// Applies relative relocations in the packed form RELR (generic ABI, "Relative Relocation Table", 2018).
#pragma once

#include <span>

#include "base/types.hh"

namespace osv {

/// Adds `distance` to every address that the table names. Table entries are link addresses; the word of link address A lies at
/// `image` + (A - `link_base`). An even entry names one word; an odd one is a bitmap of the 63 words behind the last.
inline void apply_relocations(std::span<const u64> table, u8* image, u64 link_base, u64 distance) {
  constexpr unsigned words_in_bitmap = 63;
  u64* next = nullptr;
  for (const u64 entry : table) {
    if (!(entry & 1)) {
      next = reinterpret_cast<u64*>(image + (entry - link_base));
      *next++ += distance;
      continue;
    }
    u64* word = next;
    for (u64 bits = entry >> 1; bits; bits >>= 1, ++word)
      if (bits & 1) *word += distance;
    next += words_in_bitmap;
  }
}

}  // namespace osv
