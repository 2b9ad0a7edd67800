#include "base/relocations.hh"

#include <gtest/gtest.h>

#include <vector>

namespace osv {
namespace {

constexpr u64 base = 0xffffffff80100000, distance = 0x123456789000;

std::vector<u64> applied(std::vector<u64> table, usize words) {
  std::vector<u64> image(words, base);
  apply_relocations(table, reinterpret_cast<u8*>(image.data()), base, distance);
  return image;
}

std::vector<u64> moved(usize words, std::initializer_list<usize> which) {
  std::vector<u64> image(words, base);
  for (usize i : which) image[i] += distance;
  return image;
}

TEST(relocations, an_even_entry_is_one_word) { EXPECT_EQ(applied({base + 8, base + 32}, 6), moved(6, {1, 4})); }

TEST(relocations, a_bitmap_is_about_the_63_words_behind) {
  EXPECT_EQ(applied({base, 1 | 1ull << 1 | 1ull << 63}, 66), moved(66, {0, 1, 63}));
}

TEST(relocations, bitmaps_follow_each_other) {
  EXPECT_EQ(applied({base + 8, 1, 1 | 1ull << 2, 1 | 1ull << 1}, 200), moved(200, {1, 2 + 63 + 1, 2 + 2 * 63}));
}

TEST(relocations, an_address_after_bitmaps_starts_anew) {
  EXPECT_EQ(applied({base, 3, base + 800, 3}, 110), moved(110, {0, 1, 100, 101}));
}

TEST(relocations, without_a_table_nothing_changes) { EXPECT_EQ(applied({}, 4), moved(4, {})); }

TEST(relocations, moving_down_wraps_around) {
  std::vector<u64> image{base};
  const std::vector<u64> table{base};
  apply_relocations(table, reinterpret_cast<u8*>(image.data()), base, 0xfffff80000000000 - base);
  EXPECT_EQ(image[0], 0xfffff80000000000);
}

}  // namespace
}  // namespace osv
