// Whole streams between two stacks, over good and bad wires.
#include <gtest/gtest.h>

#include "net/testing/wire.hh"
#include "net/testing/sockets.hh"

namespace osv::net::testing {
namespace {

struct stream_outcome {
  bool intact = false;
  nanoseconds took = 0;
  u64 resent = 0;
};

std::vector<u8> pattern(usize size, u64 seed) {
  std::mt19937_64 random(seed);
  std::vector<u8> bytes(size);
  for (usize i = 0; i < size; i += 8) {
    const u64 word = random();
    __builtin_memcpy(bytes.data() + i, &word, std::min<usize>(8, size - i));
  }
  return bytes;
}

/// Sends `size` bytes from host 0 to host 1 and the same back.
stream_outcome both_ways(two_hosts& net, usize size, u64 seed) {
  const std::vector<u8> data = pattern(size, seed);
  stream_outcome out;
  test_socket listener = test_socket::tcp(net.host[1]);
  EXPECT_EQ(listener.bind({}, 80, family_ipv4), 0);
  EXPECT_EQ(listener.listen(), 0);
  struct echo_state {
    test_socket* listener;
    usize size;
    bool done = false;
  } echo{&listener, size};
  auto server = sched::spawn("echo", [&echo] {
    test_socket s = echo.listener->accept();
    std::vector<u8> buffer(65536);
    usize total = 0;
    for (;;) {
      const i64 n = s.receive(buffer.data(), buffer.size());
      if (n <= 0) break;
      EXPECT_EQ(s.send(buffer.data(), static_cast<usize>(n)), n);
      total += static_cast<usize>(n);
    }
    EXPECT_EQ(total, echo.size);
    s.close();
    echo.done = true;
  });
  const nanoseconds start = net::now();
  test_socket c = test_socket::tcp(net.host[0]);
  EXPECT_EQ(c.connect(two_hosts::ip(1), 80), 0);
  struct send_state {
    test_socket* c;
    const std::vector<u8>* data;
    bool done = false;
  } sending{&c, &data};
  auto sender = sched::spawn("sender", [&sending] {
    EXPECT_EQ(sending.c->send(sending.data->data(), sending.data->size()), static_cast<i64>(sending.data->size()));
    EXPECT_EQ(sending.c->shutdown(1), 0);
    sending.done = true;
  });
  std::vector<u8> back(size);
  usize got = 0;
  while (got < size) {
    const i64 n = c.receive(back.data() + got, size - got);
    EXPECT_GT(n, 0);
    if (n <= 0) break;
    got += static_cast<usize>(n);
  }
  u8 extra;
  if (got == size) {
    EXPECT_EQ(c.receive(&extra, 1), 0);
  }
  out.took = net::now() - start;
  out.intact = back == data;
  EXPECT_TRUE(net.clock.run_until([&] { return echo.done && sending.done; }));
  c.close();
  return out;
}

TEST(TcpTransfer, GoodWire) {
  two_hosts net;
  const auto out = both_ways(net, 1 << 20, 1);
  EXPECT_TRUE(out.intact);
  EXPECT_LT(out.took, 2 * second);
}

TEST(TcpTransfer, LossReorderDuplicateDamage) {
  for (u64 seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    two_hosts net(seed);
    net.link.set_quality({.loss = 0.03, .reorder = 0.10, .duplicate = 0.01, .damage = 0.005, .delay = 10 * millisecond});
    EXPECT_TRUE(both_ways(net, 2 << 20, seed).intact);
  }
}

TEST(TcpTransfer, HeavyLoss) {
  two_hosts net(7);
  net.link.set_quality({.loss = 0.2, .delay = 5 * millisecond});
  EXPECT_TRUE(both_ways(net, 200'000, 7).intact);
}

TEST(TcpTransfer, OffloadedSegmentation) {
  two_hosts net(3, {.transmit_checksum = true, .transmit_segmentation_ipv4 = true});
  net.link.set_quality({.loss = 0.01, .delay = 2 * millisecond});
  EXPECT_TRUE(both_ways(net, 4 << 20, 3).intact);
}

TEST(TcpTransfer, NarrowBottleneckIsFilled) {
  two_hosts net(5);
  wire_quality q{.delay = 20 * millisecond};
  q.bytes_per_second = 12.5e6;  // 100 Mbit/s
  q.queue_bytes = 500'000;
  net.link.set_quality(q);
  const auto out = both_ways(net, 20 << 20, 5);
  EXPECT_TRUE(out.intact);
  // 20 MiB take 1.7 s each way at full rate, the two directions overlap.
  EXPECT_LT(out.took, 5 * second);
}

}  // namespace
}  // namespace osv::net::testing
