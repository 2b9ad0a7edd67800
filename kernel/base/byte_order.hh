// Integers of fixed byte order, as they lie on the wire or on disk; unaligned on purpose.
#pragma once

#include <bit>

#include "base/types.hh"

namespace osv {

template <typename T, std::endian Order>
struct __attribute__((packed)) ordered {
  T raw;

  ordered() = default;
  constexpr ordered(T value) : raw(convert(value)) {}
  constexpr operator T() const { return convert(raw); }
  static constexpr T convert(T value) {
    if constexpr (Order == std::endian::native || sizeof(T) == 1)
      return value;
    else if constexpr (sizeof(T) == 2)
      return __builtin_bswap16(value);
    else if constexpr (sizeof(T) == 4)
      return __builtin_bswap32(value);
    else
      return __builtin_bswap64(value);
  }
};

using be16 = ordered<u16, std::endian::big>;
using be32 = ordered<u32, std::endian::big>;
using be64 = ordered<u64, std::endian::big>;
using le16 = ordered<u16, std::endian::little>;
using le32 = ordered<u32, std::endian::little>;
using le64 = ordered<u64, std::endian::little>;

}  // namespace osv
