#include "sync/random.hh"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "sync/chacha20.hh"

namespace osv::sync {
namespace {

/// RFC 8439, section 2.3.2.
TEST(ChaCha20, BlockFunctionVector) {
  chacha20_key key;
  u8 bytes[32];
  for (int i = 0; i < 32; ++i) bytes[i] = static_cast<u8>(i);
  std::memcpy(key.words, bytes, sizeof bytes);
  u32 out[16];
  chacha20_block(key, 1, {0x09000000, 0x4a000000, 0}, out);
  const u32 expected[16] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                            0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
  for (int i = 0; i < 16; ++i) EXPECT_EQ(out[i], expected[i]) << i;
}

/// RFC 8439, appendix A.1, test vectors 1 to 5 (the first word of each key stream).
TEST(ChaCha20, AppendixVectors) {
  u32 out[16];
  chacha20_block({}, 0, {0, 0, 0}, out);
  EXPECT_EQ(out[0], 0xade0b876u);
  EXPECT_EQ(out[15], 0x8665eeb2u);
  chacha20_block({}, 1, {0, 0, 0}, out);
  EXPECT_EQ(out[0], 0xbee7079fu);
  chacha20_key last_byte_one{};
  last_byte_one.words[7] = 0x01000000;
  chacha20_block(last_byte_one, 1, {0, 0, 0}, out);
  EXPECT_EQ(out[0], 0x2452eb3au);
  chacha20_key second_byte{};
  second_byte.words[0] = 0x0000ff00;
  chacha20_block(second_byte, 2, {0, 0, 0}, out);
  EXPECT_EQ(out[0], 0xfb4dd572u);
  chacha20_block({}, 0, {0, 0, 0x02000000}, out);
  EXPECT_EQ(out[0], 0x374dc6c2u);
}

TEST(Random, IsSeededByTheProcessor) {
  initialize_random();
  EXPECT_TRUE(random_seeded());
  EXPECT_EQ(wait_until_random_seeded(), wait_result::ready);
}

TEST(Random, FillsEveryLengthAndNothingMore) {
  for (usize size : {0, 1, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128, 1000, 4096}) {
    std::vector<u8> ored(size + 1, 0);
    for (int i = 0; i < 64; ++i) {
      std::vector<u8> once(size + 1, 0);
      random_bytes(once.data(), size);
      for (usize j = 0; j <= size; ++j) ored[j] |= once[j];
    }
    // After 64 draws each bit was set once, but for 2^-64.
    for (usize j = 0; j < size; ++j) ASSERT_EQ(ored[j], 0xff) << size << " at " << j;
    ASSERT_EQ(ored[size], 0);
  }
}

TEST(Random, NumbersDiffer) {
  std::set<u64> seen;
  for (int i = 0; i < 10000; ++i) seen.insert(random_u64());
  EXPECT_EQ(seen.size(), 10000u);
}

TEST(Random, AddedEntropyChangesTheStream) {
  const u64 before = random_u64();
  add_entropy("0123456789012345678901234567890123456789", 40, 0);
  EXPECT_NE(random_u64(), before);
}

TEST(Random, BitsAreBalanced) {
  std::vector<u8> bytes(1 << 20);
  random_bytes(bytes.data(), bytes.size());
  u64 ones = 0;
  for (u8 b : bytes) ones += static_cast<u64>(__builtin_popcount(b));
  const double share = static_cast<double>(ones) / (8.0 * static_cast<double>(bytes.size()));
  EXPECT_NEAR(share, 0.5, 0.002);
}

}  // namespace
}  // namespace osv::sync
