#include "devices/virtio/split_ring.hh"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

#include "devices/virtio/fake_ring_device.hh"

namespace osv::devices::virtio {
namespace {

using test::fake_ring_device;

struct fixture {
  explicit fixture(u16 size, bool event_index = true, usize tables = 0)
      : memory(split_ring::bytes_needed(size) + 16), tables_memory(tables * split_ring::indirect_segments_max * sizeof(descriptor) + 16) {
    at = align(memory);
    device.emplace_back(at, size);
    split_ring::configuration c{.size = size, .memory = at, .physical = reinterpret_cast<u64>(at), .event_index = event_index};
    if (tables) {
      c.indirect_memory = align(tables_memory);
      c.indirect_physical = reinterpret_cast<u64>(align(tables_memory));
      c.indirect_bytes = tables * split_ring::indirect_segments_max * sizeof(descriptor);
    }
    auto made = split_ring::create(c);
    EXPECT_TRUE(made.ok());
    ring = made.release();
  }
  static u8* align(std::vector<u8>& v) { return reinterpret_cast<u8*>(align_up(reinterpret_cast<u64>(v.data()), 16)); }
  fake_ring_device& host() { return device.front(); }

  std::vector<u8> memory, tables_memory;
  u8* at;
  std::deque<fake_ring_device> device;
  unique<split_ring> ring;
};

int token_a, token_b;

TEST(split_ring, refuses_sizes_that_are_no_power_of_two) {
  u8 memory[16];
  for (u16 size : {0, 3, 6, 2048}) EXPECT_FALSE(split_ring::create({.size = size, .memory = memory, .physical = 0}).ok());
}

TEST(split_ring, gives_a_chain_to_the_device_and_takes_it_back) {
  fixture f(8);
  const segment out[] = {{0x1000, 16}, {0x2000, 512}}, in[] = {{0x3000, 1}};
  ASSERT_TRUE(f.ring->add(out, in, &token_a));
  EXPECT_FALSE(f.host().has_next()) << "visible only when published";
  f.ring->publish();
  ASSERT_TRUE(f.host().has_next());
  const auto chain = f.host().next();
  ASSERT_EQ(chain.readable.size(), 2u);
  ASSERT_EQ(chain.writable.size(), 1u);
  EXPECT_EQ(chain.readable[1].address, 0x2000u);
  EXPECT_EQ(chain.readable[1].length, 512u);
  EXPECT_EQ(f.ring->free_descriptors(), 5);

  split_ring::completion c;
  EXPECT_FALSE(f.ring->take(c));
  f.host().use(chain.head, 1);
  ASSERT_TRUE(f.ring->take(c));
  EXPECT_EQ(c.token, &token_a);
  EXPECT_EQ(c.written, 1u);
  EXPECT_EQ(f.ring->free_descriptors(), 8);
  EXPECT_EQ(f.ring->in_flight(), 0);
}

TEST(split_ring, refuses_what_does_not_fit) {
  fixture f(4);
  const segment in[] = {{1, 1}, {2, 1}, {3, 1}};
  ASSERT_TRUE(f.ring->add({}, in, &token_a));
  EXPECT_FALSE(f.ring->add({}, in, &token_b));
  EXPECT_TRUE(f.ring->add({}, {in, 1}, &token_b));
  EXPECT_FALSE(f.ring->has_room(1));
}

TEST(split_ring, long_chains_take_one_descriptor_with_a_table) {
  fixture f(4, true, 1);
  std::vector<segment> out;
  for (u32 i = 0; i < 20; ++i) out.push_back({i, i + 1});
  ASSERT_TRUE(f.ring->add(out, {}, &token_a));
  EXPECT_EQ(f.ring->free_descriptors(), 3);
  EXPECT_FALSE(f.ring->add(out, {}, &token_b)) << "the only table is in use";
  f.ring->publish();
  const auto chain = f.host().next();
  ASSERT_EQ(chain.readable.size(), 20u);
  EXPECT_EQ(chain.readable[19].length, 20u);
  f.host().use(chain.head, 0);
  split_ring::completion c;
  ASSERT_TRUE(f.ring->take(c));
  EXPECT_TRUE(f.ring->add(out, {}, &token_b));
}

TEST(split_ring, notifies_only_when_the_device_asked) {
  fixture f(8);
  const segment in[] = {{1, 1}};
  f.host().set_available_event(1);
  f.ring->add({}, in, &token_a);
  EXPECT_FALSE(f.ring->publish());
  f.ring->add({}, in, &token_a);
  EXPECT_TRUE(f.ring->publish());
  EXPECT_FALSE(f.ring->publish()) << "nothing new";

  fixture flags(8, false);
  flags.host().set_used_flags(1);
  flags.ring->add({}, in, &token_a);
  EXPECT_FALSE(flags.ring->publish());
  flags.host().set_used_flags(0);
  flags.ring->add({}, in, &token_a);
  EXPECT_TRUE(flags.ring->publish());
}

TEST(split_ring, interrupts_can_be_suppressed_and_delayed) {
  for (bool event_index : {true, false}) {
    fixture f(8, event_index);
    const segment in[] = {{1, 1}};
    for (int i = 0; i < 4; ++i) f.ring->add({}, in, &token_a);
    f.ring->publish();
    std::vector<u16> heads;
    while (f.host().has_next()) heads.push_back(f.host().next().head);
    f.ring->disable_interrupts();
    f.host().use(heads[0], 1);
    EXPECT_FALSE(f.host().interrupt_wanted(event_index));
    EXPECT_FALSE(f.ring->enable_interrupts()) << "one lies there already";
    split_ring::completion c;
    ASSERT_TRUE(f.ring->take(c));
    EXPECT_TRUE(f.ring->enable_interrupts(1));
    f.host().use(heads[1], 1);
    if (event_index) {
      EXPECT_FALSE(f.host().interrupt_wanted(true));
    }
    f.host().use(heads[2], 1);
    EXPECT_TRUE(f.host().interrupt_wanted(event_index));
  }
}

// --- a device that lies ---

struct hostile : testing::Test {
  fixture f{8};
  split_ring::completion c{};
  void SetUp() override {
    const segment in[] = {{1, 100}};
    f.ring->add({}, in, &token_a);
    f.ring->publish();
  }
  void expect_broken() {
    EXPECT_FALSE(f.ring->take(c));
    EXPECT_TRUE(f.ring->broken());
    EXPECT_NE(f.ring->why(), nullptr);
    const segment in[] = {{1, 100}};
    EXPECT_FALSE(f.ring->add({}, in, &token_b));
    EXPECT_FALSE(f.ring->take(c));
    EXPECT_FALSE(f.ring->publish());
    EXPECT_TRUE(f.ring->enable_interrupts()) << "no loop over a broken ring";
  }
};

TEST_F(hostile, used_length_beyond_the_buffer) {
  f.host().use(f.host().next().head, 101);
  expect_broken();
}
TEST_F(hostile, used_id_out_of_range) {
  f.host().use(8, 1);
  expect_broken();
}
TEST_F(hostile, used_id_huge) {
  f.host().use(0xffffffff, 1);
  expect_broken();
}
TEST_F(hostile, used_id_of_a_free_descriptor) {
  f.host().use((f.host().next().head + 1) % 8, 1);
  expect_broken();
}
TEST_F(hostile, the_same_buffer_used_twice) {
  const u16 head = f.host().next().head;
  f.host().use(head, 1);
  ASSERT_TRUE(f.ring->take(c));
  f.host().use(head, 1);
  expect_broken();
}
TEST_F(hostile, used_index_runs_ahead) {
  f.host().jump(2);
  expect_broken();
}
TEST_F(hostile, used_index_runs_backwards) {
  f.host().jump(static_cast<u16>(-1));
  expect_broken();
}
TEST_F(hostile, descriptors_rewritten_by_the_device_are_not_believed) {
  // A loop in the table, were it ever followed when the chain is freed.
  descriptor* table = reinterpret_cast<descriptor*>(f.at);
  const u16 head = f.host().next().head;
  table[head].flags = 1;
  table[head].next = head;
  table[head].length = 1u << 30;
  f.host().use(head, 100);
  ASSERT_TRUE(f.ring->take(c));
  EXPECT_EQ(f.ring->free_descriptors(), 8);
  EXPECT_FALSE(f.ring->broken());
}
TEST_F(hostile, buffers_in_flight_can_be_taken_back_after_a_reset) {
  f.host().jump(7);
  expect_broken();
  EXPECT_EQ(f.ring->reclaim(), &token_a);
  EXPECT_EQ(f.ring->reclaim(), nullptr);
}

// Random work against a model: every buffer comes back once, with what the device wrote.
TEST(split_ring, survives_a_hundred_thousand_random_steps) {
  std::mt19937 random(1);
  for (u16 size : {1, 4, 32}) {
    fixture f(size, size != 4, size == 32 ? 3 : 0);
    std::vector<int> tokens(4096);
    std::set<void*> in_flight;
    std::vector<std::pair<u16, u32>> at_device;  // head, writable bytes
    usize next_token = 0;
    for (int step = 0; step < 40000; ++step) {
      switch (random() % 3) {
        case 0: {
          std::vector<segment> out(random() % 6), in(random() % 6);
          for (auto& s : out) s = {random(), static_cast<u32>(random() % 5000)};
          for (auto& s : in) s = {random(), static_cast<u32>(random() % 5000)};
          void* token = &tokens[next_token++ % tokens.size()];
          if (in_flight.count(token)) break;
          const bool room = f.ring->has_room(out.size() + in.size()) && !(out.empty() && in.empty());
          const bool added = f.ring->add(out, in, token);
          EXPECT_EQ(added, room);
          if (added) in_flight.insert(token);
          f.ring->publish();
          break;
        }
        case 1:
          if (f.host().has_next()) {
            const auto chain = f.host().next();
            u32 writable = 0;
            for (const auto& s : chain.writable) writable += s.length;
            at_device.emplace_back(chain.head, writable);
          } else if (!at_device.empty()) {
            const usize i = random() % at_device.size();
            f.host().use(at_device[i].first, at_device[i].second ? random() % at_device[i].second : 0);
            at_device.erase(at_device.begin() + static_cast<long>(i));
          }
          break;
        case 2: {
          split_ring::completion c;
          if (f.ring->take(c)) {
            EXPECT_EQ(in_flight.erase(c.token), 1u);
          }
          break;
        }
      }
      ASSERT_FALSE(f.ring->broken());
      ASSERT_EQ(f.ring->in_flight(), in_flight.size());
    }
  }
}

// Random bytes in everything that the device may write: no crash, no access outside (ASan), and an end.
TEST(split_ring, survives_a_device_that_scribbles) {
  for (u32 seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    fixture f(16, seed & 1, seed & 2 ? 2 : 0);
    int tokens[64];
    for (int step = 0; step < 60; ++step) {
      std::vector<segment> in(1 + random() % 8, segment{random(), 64});
      f.ring->add({}, in, &tokens[step]);
      f.ring->publish();
      const u16 limit = static_cast<u16>(split_ring::bytes_needed(16));
      for (int i = 0; i < 3; ++i) f.at[random() % limit] = static_cast<u8>(random() % 4);
      split_ring::completion c;
      int taken = 0;
      while (f.ring->take(c)) {
        ASSERT_LE(++taken, 16);
        ASSERT_GE(c.token, &tokens[0]);
        ASSERT_LE(c.token, &tokens[63]);
        ASSERT_LE(c.written, 64u * 8);
      }
      f.ring->enable_interrupts(random() % 4);
    }
    while (f.ring->reclaim()) {
    }
  }
}

}  // namespace
}  // namespace osv::devices::virtio
