#include <gtest/gtest.h>

#include "devices/network_device.hh"
#include "devices/virtio/fake_transport.hh"
#include "sched/clock.hh"

namespace osv::devices::virtio {
namespace {

using test::fake_device;

constexpr u64 checksum = 1, guest_checksum = 2, mtu = 1u << 3, mac = 1u << 5, guest_tso4 = 1u << 7, host_tso4 = 1u << 11, merged = 1u << 15;

struct __attribute__((packed)) header {
  u8 flags, gso_type;
  u16 header_length, gso_size, checksum_start, checksum_offset, buffers;
};

// The host's half of a network card.
struct card {
  std::mutex mutex;
  std::vector<std::vector<u8>> sent;
  std::deque<fake_device::chain> receive_buffers;
  std::deque<fake_device::chain> held;
  std::atomic<bool> hold{false};
  struct frame {
    std::vector<u8> bytes;
    usize linear;
    u16 segment_size;
    bool checksum_valid;
  };
  std::vector<frame> frames;
  std::atomic<usize> frame_count{0}, batches{0}, rooms{0};
  network_device* nic = nullptr;
  fake_device device;

  explicit card(u64 features)
      : device(device_type::network, features | mac, {0x52, 0x54, 0, 1, 2, 3, 0, 0, 1, 0, 0xdc, 0x05}, 3, [this](u16 q, fake_device::chain& c) { return answer(q, c); }) {
    EXPECT_TRUE(start_network_device(device.make_transport()).ok());
    nic = &network_device_at(network_device_count() - 1);
    nic->received = [this](unique<io::packet> p) {
      std::vector<u8> bytes(p->size());
      p->copy_out(0, bytes.data(), bytes.size());
      std::lock_guard guard(mutex);
      frames.push_back({bytes, p->linear(), p->segment_size, p->checksum_valid});
      frame_count = frames.size();
    };
    nic->batch_done = [this] { ++batches; };
    nic->has_room = [this] { ++rooms; };
    EXPECT_TRUE(nic->start().ok());
  }

  std::optional<u32> answer(u16 queue, fake_device::chain& c) {
    std::lock_guard guard(mutex);
    if (queue == 0) {
      receive_buffers.push_back(c);
      return std::nullopt;
    }
    if (hold) {
      held.push_back(c);
      return std::nullopt;
    }
    sent.push_back(fake_device::copy_out(c));
    return 0;
  }
  // Sends a frame to the guest over as many buffers as it needs; `buffers` overrides the number that the header tells.
  void deliver(const std::vector<u8>& frame, header h = {}, int buffers = -1) {
    std::vector<u8> bytes(12 + frame.size());
    memcpy(bytes.data() + 12, frame.data(), frame.size());
    const usize count = (bytes.size() + 4095) / 4096;
    h.buffers = static_cast<u16>(buffers >= 0 ? static_cast<usize>(buffers) : count);
    memcpy(bytes.data(), &h, 12);
    for (;;) {
      const bool done = device.as_device([&](fake_device& d) {
        std::lock_guard guard(mutex);
        if (receive_buffers.size() < count) return false;
        for (usize at = 0; at < bytes.size(); at += 4096) {
          const usize n = std::min<usize>(4096, bytes.size() - at);
          fake_device::chain c = receive_buffers.front();
          receive_buffers.pop_front();
          fake_device::copy_in(c, 0, bytes.data() + at, n);
          d.ring(0).place(c.head, static_cast<u32>(n));
        }
        d.ring(0).publish();
        return true;
      });
      if (done) break;
      std::this_thread::yield();
    }
    device.as_device([&](fake_device& d) { d.interrupt(0); });
  }
  void wait_for_frames(usize n) {
    while (frame_count < n) std::this_thread::yield();
  }
  /// Uses what is held, once there is some, without an interrupt; returns how many buffers.
  usize use_held() {
    for (;;) {
      const usize n = device.as_device([&](fake_device& d) {
        std::lock_guard guard(mutex);
        for (const auto& chain : held) d.ring(1).use(chain.head, 0);
        return std::exchange(held, {}).size();
      });
      if (n) return n;
      std::this_thread::yield();
    }
  }
  usize sent_count() {
    std::lock_guard guard(mutex);
    return sent.size();
  }
};

std::vector<u8> pattern(usize n) {
  std::vector<u8> bytes(n);
  for (usize i = 0; i < n; ++i) bytes[i] = static_cast<u8>(i * 7 + i / 256);
  return bytes;
}
unique<io::packet> packet_of(const std::vector<u8>& bytes) {
  unique<io::packet> p = io::packet::create().release();
  memcpy(p->append(bytes.size()), bytes.data(), bytes.size());
  return p;
}

TEST(network, tells_address_and_mtu) {
  card c(mtu);
  EXPECT_EQ(c.nic->address().bytes[5], 3);
  EXPECT_EQ(c.nic->mtu(), 1500);
  EXPECT_FALSE(c.nic->capabilities().transmit_checksum);
}

TEST(network, small_frames_arrive_linear) {
  card c(merged);
  for (usize n : {14u, 60u, 1514u}) c.deliver(pattern(n));
  c.wait_for_frames(3);
  EXPECT_EQ(c.frames[2].bytes, pattern(1514));
  EXPECT_EQ(c.frames[2].linear, 1514u);
  EXPECT_EQ(c.frames[0].bytes.size(), 14u);
  while (c.batches == 0) std::this_thread::yield();
}

TEST(network, large_frames_are_merged_without_a_copy) {
  card c(merged | guest_checksum | guest_tso4);
  header h{};
  h.flags = 1;
  h.gso_type = 1;
  h.gso_size = 1448;
  for (int i = 0; i < 20; ++i) c.deliver(pattern(65000), h);
  c.wait_for_frames(20);
  for (const auto& f : c.frames) {
    ASSERT_EQ(f.bytes, pattern(65000));
    EXPECT_LT(f.linear, 300u);
    EXPECT_EQ(f.segment_size, 1448);
    EXPECT_TRUE(f.checksum_valid);
  }
}

TEST(network, many_frames_never_exhaust_the_buffers) {
  card c(merged);
  for (int i = 0; i < 2000; ++i) c.deliver(pattern(100 + static_cast<usize>(i) % 3000));
  c.wait_for_frames(2000);
  for (usize i = 0; i < 2000; ++i) ASSERT_EQ(c.frames[i].bytes, pattern(100 + i % 3000));
}

TEST(network, transmits_with_the_checksum_left_to_the_device) {
  card c(checksum | host_tso4);
  EXPECT_TRUE(c.nic->capabilities().transmit_segmentation_ipv4);
  unique<io::packet> p = packet_of(pattern(200));
  p->checksum_needed = true;
  p->checksum_start = 34;
  p->checksum_offset = 16;
  p->segment_size = 1000;
  p->data()[34 + 12] = 0x80;  // TCP header of 32 bytes
  c.nic->transmit(std::move(p));
  while (c.sent_count() == 0) std::this_thread::yield();
  header h;
  memcpy(&h, c.sent[0].data(), 12);
  EXPECT_EQ(h.flags, 1);
  EXPECT_EQ(h.gso_type, 1);
  EXPECT_EQ(h.gso_size, 1000);
  EXPECT_EQ(h.header_length, 66);
  EXPECT_EQ(h.checksum_start, 34);
  EXPECT_EQ(h.checksum_offset, 16);
  EXPECT_EQ(c.sent[0].size(), 212u);
}

TEST(network, a_full_ring_drops_and_then_has_room_again) {
  card c(0);
  c.hold = true;
  for (int i = 0; i < 200; ++i) c.nic->transmit(packet_of(pattern(60)));
  EXPECT_TRUE(c.nic->transmit_full());
  EXPECT_FALSE(c.nic->transmitted_all());
  for (usize given = 0; given < 64;) given += c.use_held();
  c.device.as_device([&](fake_device& d) { d.interrupt(1); });
  while (c.rooms == 0) std::this_thread::yield();  // the stack hears that there is room
  EXPECT_FALSE(c.nic->transmit_full());
  EXPECT_TRUE(c.nic->transmitted_all());
}

// The interrupt that was asked for may have been moved by whoever reclaims: he passes the news on.
TEST(network, room_is_told_of_whoever_finds_it) {
  card c(0);
  for (const bool by_transmit : {true, false}) {
    c.hold = true;
    const usize rooms = c.rooms;
    for (int i = 0; i < 200; ++i) c.nic->transmit(packet_of(pattern(60)));
    EXPECT_TRUE(c.nic->transmit_full());
    for (usize given = 0; given < 64;) given += c.use_held();
    c.hold = false;
    if (by_transmit)
      c.nic->transmit(packet_of(pattern(60)));
    else
      EXPECT_FALSE(c.nic->transmit_full());
    while (c.rooms == rooms) std::this_thread::yield();
    while (!c.nic->transmitted_all()) std::this_thread::yield();
  }
}

TEST(network, one_that_did_not_start_drops_what_it_is_given) {
  fake_device without_transmit_queue(device_type::network, mac, {0x52, 0x54, 0, 1, 2, 3}, 1,
                                     [](u16, fake_device::chain&) { return std::optional<u32>(); });
  ASSERT_TRUE(start_network_device(without_transmit_queue.make_transport()).ok());
  network_device& nic = network_device_at(network_device_count() - 1);
  ASSERT_FALSE(nic.start().ok());
  EXPECT_FALSE(nic.transmit(packet_of(pattern(60))));
  EXPECT_FALSE(nic.transmit_full());
  EXPECT_TRUE(nic.transmitted_all());
}

// --- hostile ---

TEST(network, implausible_headers_lose_the_frame_and_nothing_else) {
  card c(merged);
  c.deliver(pattern(60), {}, 0);       // no buffers at all
  c.deliver(pattern(60), {}, 60000);   // more than the ring has
  c.deliver(std::vector<u8>(5), {});   // shorter than an Ethernet header
  c.deliver(pattern(77));
  c.wait_for_frames(1);
  EXPECT_EQ(c.frames[0].bytes, pattern(77));
}

TEST(network, a_frame_that_claims_more_buffers_than_were_used_does_not_stop_the_queue) {
  card c(merged);
  c.deliver(pattern(60), {}, 9);
  // Frames that came meanwhile may be taken for the missing buffers; later ones are not.
  const auto last_is_right = [&] {
    std::lock_guard guard(c.mutex);
    return !c.frames.empty() && c.frames.back().bytes == pattern(77);
  };
  while (!last_is_right()) c.deliver(pattern(77));
}

TEST(network, a_lying_device_is_given_up) {
  card c(merged);
  c.device.as_device([&](fake_device& d) {
    d.ring(0).use(5000, 60);
    d.interrupt(0);
  });
  while (!(c.device.status & status::failed)) std::this_thread::yield();
  c.nic->transmit(packet_of(pattern(60)));
}

}  // namespace
}  // namespace osv::devices::virtio
