#include "vfs/ext4/checksum.hh"

#include "base/byte_order.hh"

namespace osv::vfs::ext4 {

namespace {

/// Eight tables: eight bytes a step ("slicing-by-8", Intel 2006).
struct crc_tables {
  u32 at[8][256] = {};
  constexpr crc_tables() {
    for (u32 i = 0; i < 256; ++i) {
      u32 crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
      at[0][i] = crc;
    }
    for (u32 i = 0; i < 256; ++i)
      for (int t = 1; t < 8; ++t) at[t][i] = at[t - 1][i] >> 8 ^ at[0][at[t - 1][i] & 0xff];
  }
};
constexpr crc_tables tables;

}  // namespace

u32 crc32c(u32 crc, const void* data, usize size) {
  const u8* p = static_cast<const u8*>(data);
  const auto& t = tables.at;
  for (; size >= 8; size -= 8, p += 8) {
    le64 word;
    __builtin_memcpy(&word, p, 8);
    const u64 x = static_cast<u64>(word) ^ crc;
    crc = t[7][x & 0xff] ^ t[6][x >> 8 & 0xff] ^ t[5][x >> 16 & 0xff] ^ t[4][x >> 24 & 0xff] ^ t[3][x >> 32 & 0xff] ^
          t[2][x >> 40 & 0xff] ^ t[1][x >> 48 & 0xff] ^ t[0][x >> 56];
  }
  for (; size; --size, ++p) crc = crc >> 8 ^ t[0][(crc ^ *p) & 0xff];
  return crc;
}

u16 crc16(u16 crc, const void* data, usize size) {
  const u8* p = static_cast<const u8*>(data);
  for (; size; --size, ++p) {
    crc = static_cast<u16>(crc ^ *p);
    for (int bit = 0; bit < 8; ++bit) crc = static_cast<u16>(crc >> 1 ^ (crc & 1 ? 0xa001 : 0));
  }
  return crc;
}

}  // namespace osv::vfs::ext4
