// The last words of a program: delivered to peers that listen, and not waited for longer than they are worth.
#include <gtest/gtest.h>

#include "net/linger.hh"
#include "net/testing/sockets.hh"
#include "net/testing/wire.hh"

namespace osv::net::testing {
namespace {

constexpr i64 e_refused = -111, e_reset = -104;
const net::address any = net::address::from_ipv4(0);

bool is_arp(const std::vector<u8>& frame) { return frame[12] == 8 && frame[13] == 6; }

class Linger : public ::testing::Test {
 protected:
  void listen() {
    listener = test_socket::tcp(net.host[1]);
    EXPECT_EQ(listener.bind(any, 80), 0);
    EXPECT_EQ(listener.listen(), 0);
  }
  void connect() {
    listen();
    own = test_socket::tcp(net.host[0]);
    EXPECT_EQ(own.connect(two_hosts::ip(1), 80), 0);
    peer = listener.accept();
  }
  undelivered linger_timed() {
    const nanoseconds start = net::now();
    const undelivered left = linger(net.host[0]);
    took = net::now() - start;
    return left;
  }

  two_hosts net;
  test_socket listener, own, peer;
  nanoseconds took = 0;
};

TEST_F(Linger, NothingToDeliverTakesNoTime) {
  EXPECT_EQ(linger_timed().connections, 0u);
  EXPECT_EQ(took, 0);
}

TEST_F(Linger, DeliversToAPeerThatReadsSlowly) {
  connect();
  const std::string text(400'000, 'w');
  EXPECT_EQ(own.send(text), 400'000);
  struct {
    test_socket& peer;
    usize got = 0;
    i64 end = -1;
  } reading{peer};
  auto reader = sched::spawn("reader", [&reading] {
    char buffer[50'000];
    for (;;) {
      sched::sleep_until(net::now() + 500 * millisecond);
      const i64 n = reading.peer.receive(buffer, sizeof buffer);
      if (n <= 0) {
        reading.end = n;
        return;
      }
      reading.got += static_cast<usize>(n);
    }
  });
  EXPECT_EQ(linger_timed().connections, 0u);
  EXPECT_GT(took, 500 * millisecond);
  EXPECT_TRUE(net.clock.run_until([&] { return reading.end != -1; }));
  EXPECT_EQ(reading.got, text.size());
  EXPECT_EQ(reading.end, 0) << "the peer sees an end, not a reset";
}

TEST_F(Linger, DeliversOverALossyWire) {
  net.link.set_quality({.loss = 0.05});
  connect();
  EXPECT_EQ(own.send(std::string(100'000, 'l')), 100'000);
  EXPECT_EQ(linger_timed().connections, 0u);
  usize got = 0;
  while (got < 100'000) {
    const usize n = peer.receive_text(100'000).size();
    ASSERT_GT(n, 0u);
    got += n;
  }
}

TEST_F(Linger, AnIdlePeerSeesTheEnd) {
  connect();
  EXPECT_EQ(linger_timed().connections, 0u);
  char c;
  EXPECT_EQ(peer.receive(&c, 1), 0);
  EXPECT_LT(took, 10 * millisecond);
}

TEST_F(Linger, UnreadDataResets) {
  connect();
  EXPECT_EQ(peer.send("nobody reads this"), 17);
  net.clock.advance(10 * millisecond);
  EXPECT_EQ(linger_timed().connections, 0u);
  net.clock.advance(10 * millisecond);
  char c;
  EXPECT_EQ(peer.receive(&c, 1), e_reset);
}

TEST_F(Linger, NobodyWaitsForASilentPeer) {
  connect();
  net.link.ends[1]->filter = [](std::vector<u8>&) { return false; };
  EXPECT_EQ(own.send("lost"), 4);
  const undelivered left = linger_timed();
  EXPECT_EQ(left.connections, 1u);
  EXPECT_EQ(left.bytes, 4u);
  EXPECT_GE(took, linger_silence);
  EXPECT_LT(took, linger_silence + second);
}

TEST_F(Linger, APeerThatNeverReadsIsGivenUp) {
  connect();
  EXPECT_EQ(own.set(option::level_socket, option::send_buffer, 2 << 20), 0);
  EXPECT_EQ(peer.set(option::level_socket, option::receive_buffer, 8192), 0);
  EXPECT_EQ(own.send(std::string(900'000, 's')), 900'000);
  const undelivered left = linger_timed();
  EXPECT_EQ(left.connections, 1u);
  EXPECT_GT(left.bytes, 0u);
  EXPECT_LT(took, linger_max + second);
}

TEST_F(Linger, ListenersRefuse) {
  test_socket own_listener = test_socket::tcp(net.host[0]);
  EXPECT_EQ(own_listener.bind(any, 80), 0);
  EXPECT_EQ(own_listener.listen(), 0);
  test_socket waiting = test_socket::tcp(net.host[1]);
  EXPECT_EQ(waiting.connect(two_hosts::ip(0), 80), 0);
  test_socket opening = test_socket::tcp(net.host[1]);
  net.clock.advance(10 * millisecond);
  EXPECT_EQ(opening.connect(two_hosts::ip(0), 80), 0);  // its last ACK is still on the wire
  EXPECT_EQ(linger_timed().connections, 0u);
  net.clock.advance(10 * millisecond);
  char c;
  EXPECT_EQ(waiting.receive(&c, 1), e_reset) << "it was never accepted";
  EXPECT_EQ(opening.receive(&c, 1), e_reset);
  test_socket late = test_socket::tcp(net.host[1]);
  EXPECT_EQ(late.connect(two_hosts::ip(0), 80), e_refused);
}

TEST_F(Linger, TheFirstDatagramIsThereWhenItEnds) {
  test_socket receiver = test_socket::udp(net.host[1]);
  EXPECT_EQ(receiver.bind(any, 53), 0);
  own = test_socket::udp(net.host[0]);
  EXPECT_EQ(own.send_to("last words", two_hosts::ip(1), 53), 10);  // to a neighbour that is not known yet
  linger_timed();
  EXPECT_TRUE(receiver.poll() & poll_in);
  EXPECT_LT(took, 10 * millisecond);
}

TEST_F(Linger, ALaterDatagramIsThereWhenItEnds) {
  test_socket receiver = test_socket::udp(net.host[1]);
  EXPECT_EQ(receiver.bind(any, 53), 0);
  own = test_socket::udp(net.host[0]);
  EXPECT_EQ(own.send_to("first", two_hosts::ip(1), 53), 5);
  EXPECT_EQ(receiver.receive_text(100), "first");
  // Also where the neighbour's entry is old, so that the datagram itself makes a request.
  for (const nanoseconds pause : {nanoseconds{0}, 60 * second}) {
    net.clock.advance(pause);
    EXPECT_EQ(own.send_to("last words", two_hosts::ip(1), 53), 10);
    EXPECT_FALSE(receiver.poll() & poll_in);
    linger_timed();
    EXPECT_TRUE(receiver.poll() & poll_in);
    EXPECT_EQ(receiver.receive_text(100), "last words");
    EXPECT_LT(took, 10 * millisecond);
  }
}

TEST_F(Linger, ANeighbourThatDoesNotAnswerIsNotWaitedForLong) {
  own = test_socket::udp(net.host[0]);
  EXPECT_EQ(own.send_to("x", net::address::from_ipv4(0x0a000063), 53), 1);
  linger_timed();
  EXPECT_EQ(took, linger_on_link);
}

TEST_F(Linger, ANeighbourThatFellSilentIsNotWaitedForLong) {
  own = test_socket::udp(net.host[0]);
  EXPECT_EQ(own.send_to("x", two_hosts::ip(1), 53), 1);
  net.clock.advance(10 * millisecond);
  net.link.ends[1]->filter = [](std::vector<u8>& frame) { return !is_arp(frame); };
  linger_timed();
  EXPECT_EQ(took, linger_on_link);
}

}  // namespace
}  // namespace osv::net::testing
