#include "base/kernel_placement.hh"

#include <gtest/gtest.h>

#include <random>

namespace osv {
namespace {

constexpr u64 image_size = 0x169000, stacks_size = 1ull << 36;
constexpr u64 lowest = 0, highest = ~0ull;

TEST(kernel_placement, the_ends_of_a_range_are_used) {
  const placement_range image = placement::image(image_size);
  EXPECT_EQ(image.place(lowest), placement::image_begin);
  EXPECT_EQ(image.place(highest), placement::image_end - image_size);
  const placement_range stacks = placement::stacks(stacks_size);
  EXPECT_EQ(stacks.place(lowest), placement::stacks_begin);
  EXPECT_EQ(stacks.place(highest), placement::image_begin - stacks_size);
}

TEST(kernel_placement, the_physical_map_has_room_for_every_address_of_the_processor) {
  for (unsigned bits : {36u, 40u, 46u, 52u}) {
    const placement_range map = placement::physical_map(bits);
    const u64 size = 1ull << (bits < 46 ? bits : 46);
    EXPECT_EQ(map.place(lowest), placement::physical_map_begin);
    EXPECT_EQ(map.place(highest), placement::stacks_begin - size) << bits;
  }
}

TEST(kernel_placement, nothing_crosses_what_one_table_covers) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const u64 image = placement::image(image_size).place(random());
    EXPECT_EQ(image % placement::page, 0u);
    EXPECT_EQ(image / placement::gigabyte, (image + image_size - 1) / placement::gigabyte);
    const u64 stacks = placement::stacks(stacks_size).place(random());
    EXPECT_EQ(stacks % placement::page, 0u);
    EXPECT_EQ(stacks / placement::top_level_entry, (stacks + stacks_size - 1) / placement::top_level_entry);
    EXPECT_EQ(placement::physical_map(46).place(random()) % placement::gigabyte, 0u);
  }
}

TEST(kernel_placement, says_how_random_it_is) {
  EXPECT_EQ(placement::image(image_size).bits(), 30u);
  EXPECT_EQ(placement::stacks(stacks_size).bits(), 29u);
  EXPECT_EQ(placement::physical_map(40).bits(), 16u);
  EXPECT_EQ(placement::physical_map(46).bits(), 15u);
}

TEST(kernel_placement, places_are_equally_likely) {
  const placement_range range{0, 0x8000, 0x4000, 0x1000, 0x1000};  // eight places
  std::mt19937_64 random(1);
  unsigned seen[8] = {};
  for (int i = 0; i < 80'000; ++i) ++seen[range.place(random()) / 0x1000];
  for (unsigned count : seen) EXPECT_NEAR(count, 10'000, 500);
}

}  // namespace
}  // namespace osv
