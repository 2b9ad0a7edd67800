#include <gtest/gtest.h>

#include "devices/block_device.hh"
#include "devices/virtio/fake_transport.hh"
#include "memory/frames.hh"

namespace osv::devices::virtio {
namespace {

using test::fake_device;

constexpr u64 feature_segments = 1u << 2, feature_read_only = 1u << 5, feature_flush = 1u << 9, feature_discard = 1u << 13;

std::vector<u8> configuration_of(u64 sectors, u32 discard_max = 0) {
  std::vector<u8> c(60);
  memcpy(c.data(), &sectors, 8);
  const u32 segments = 8;
  memcpy(c.data() + 12, &segments, 4);
  memcpy(c.data() + 36, &discard_max, 4);
  return c;
}

// A disk of `sectors`, honest unless told otherwise. Devices live for ever, as in the kernel.
struct disk {
  std::vector<u8> bytes;
  std::atomic<u8> status{0};
  std::atomic<int> flushes{0}, discards{0};
  std::atomic<bool> hold{false};
  std::vector<fake_device::chain> held;
  std::atomic<usize> held_count{0};
  fake_device device;

  explicit disk(u64 features, usize sectors = 64)
      : bytes(sectors * 512), device(device_type::block, features, configuration_of(sectors, 16), 1, [this](u16, fake_device::chain& c) { return answer(c); }) {}

  std::optional<u32> answer(fake_device::chain& c) {
    if (hold) {
      held.push_back(c);
      held_count = held.size();
      return std::nullopt;
    }
    const std::vector<u8> request = fake_device::copy_out(c);
    u32 type;
    u64 sector;
    memcpy(&type, request.data(), 4);
    memcpy(&sector, request.data() + 8, 8);
    u32 written = 1;
    const u32 room = [&] {
      u32 n = 0;
      for (const segment& s : c.writable) n += s.length;
      return n;
    }();
    if (type == 0) {
      fake_device::copy_in(c, 0, bytes.data() + sector * 512, room - 1);
      written = room;
    } else if (type == 1) {
      memcpy(bytes.data() + sector * 512, request.data() + 16, request.size() - 16);
    } else if (type == 4) {
      ++flushes;
    } else if (type == 8) {
      fake_device::copy_in(c, 0, "boot\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
      written = 21;
    } else if (type == 11) {
      ++discards;
    }
    const u8 s = status;
    fake_device::copy_in(c, room - 1, &s, 1);
    return written;
  }
  block_device& start() {
    const result<> started = start_block_device(device.make_transport());
    EXPECT_TRUE(started.ok());
    return block_device_at(block_device_count() - 1);
  }
};

u8* page() { return memory::allocate_zeroed_frame().value()->as<u8>(); }

TEST(block, tells_serial_capacity_and_read_only) {
  disk d(feature_read_only);
  block_device& b = d.start();
  EXPECT_EQ(b.serial(), "boot");
  EXPECT_EQ(b.sectors(), 64u);
  EXPECT_TRUE(b.read_only());
  EXPECT_EQ(b.write(0, page(), 512).error(), errc::read_only);
}

TEST(block, writes_and_reads_back) {
  disk d(feature_flush | feature_segments);
  block_device& b = d.start();
  u8* data = page();
  memset(data, 0x77, 4096);
  ASSERT_TRUE(b.write(8, data, 4096).ok());
  EXPECT_EQ(d.bytes[8 * 512], 0x77);
  EXPECT_EQ(d.bytes[16 * 512], 0);
  memset(data, 0, 4096);
  ASSERT_TRUE(b.read(8, data, 4096).ok());
  EXPECT_EQ(data[4095], 0x77);
  ASSERT_TRUE(b.flush().ok());
  EXPECT_EQ(d.flushes, 1);
}

TEST(block, a_disk_without_flush_writes_through) {
  disk d(0);
  EXPECT_TRUE(d.start().flush().ok());
  EXPECT_EQ(d.flushes, 0);
}

TEST(block, refuses_what_lies_beyond_the_end) {
  disk d(0);
  block_device& b = d.start();
  EXPECT_EQ(b.read(64, page(), 512).error(), errc::io);
  EXPECT_EQ(b.read(63, page(), 1024).error(), errc::io);
  EXPECT_EQ(b.read(~0ull, page(), 512).error(), errc::io);
  EXPECT_EQ(b.read(0, page(), 100).error(), errc::invalid);
}

TEST(block, passes_the_device_s_errors_on) {
  disk d(0);
  block_device& b = d.start();
  d.status = 1;
  EXPECT_EQ(b.read(0, page(), 512).error(), errc::io);
  d.status = 2;
  EXPECT_EQ(b.read(0, page(), 512).error(), errc::not_supported);
  d.status = 77;
  EXPECT_EQ(b.read(0, page(), 512).error(), errc::io);
  d.status = 0;
  EXPECT_TRUE(b.read(0, page(), 512).ok());
}

TEST(block, more_requests_than_the_queue_holds_all_end) {
  disk d(0);
  block_device& b = d.start();
  constexpr usize count = 500;
  std::atomic<usize> done{0};
  std::vector<block_request> requests(count);
  u8* data = page();
  d.hold = true;
  for (block_request& r : requests) {
    r.kind = block_request::operation::read;
    r.sector = 1;
    r.data = data;
    r.size = 512;
    r.completed = [&done](block_request&, result<> outcome) { done += outcome.ok(); };
    b.submit(r);
  }
  while (d.held_count == 0) std::this_thread::yield();
  d.hold = false;
  d.device.as_device([&](fake_device& device) {
    for (auto& c : d.held) device.use(0, c, d.answer(c).value());
  });
  while (done < count) std::this_thread::yield();
  EXPECT_EQ(done, count);
}

// --- hostile ---

TEST(block, a_lying_device_fails_every_request_now_and_later) {
  for (const u32 bad_id : {9999u, 63u}) {
    disk d(0);
    block_device& b = d.start();
    d.hold = true;
    std::atomic<int> failed{0};
    std::vector<block_request> requests(100);
    u8* data = page();
    for (block_request& r : requests) {
      r.kind = block_request::operation::read;
      r.sector = 0;
      r.data = data;
      r.size = 512;
      r.completed = [&failed](block_request&, result<> outcome) { failed += outcome.error() == errc::io; };
      b.submit(r);
    }
    while (d.held_count < 3) std::this_thread::yield();
    d.device.as_device([&](fake_device& device) {
      device.ring(0).use(bad_id == 63 ? d.held[0].head : bad_id, bad_id == 63 ? 1'000'000 : 1);
      device.interrupt(0);
    });
    while (failed < 100) std::this_thread::yield();
    EXPECT_EQ(d.device.status, 0) << "reset, so that it writes nowhere any more";
    EXPECT_EQ(b.read(0, data, 512).error(), errc::io);
  }
}

TEST(block, a_device_that_refuses_the_features_is_not_started) {
  disk d(0);
  d.device.refuse_features = true;
  const usize before = block_device_count();
  EXPECT_FALSE(start_block_device(d.device.make_transport()).ok());
  EXPECT_EQ(block_device_count(), before);
}

}  // namespace
}  // namespace osv::devices::virtio
