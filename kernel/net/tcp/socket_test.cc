// Stream sockets as a program sees them, over the loopback of one stack and between two.
#include <gtest/gtest.h>

#include "hosted/test_controls.hh"
#include "net/testing/wire.hh"
#include "net/testing/sockets.hh"

namespace osv::net::testing {
namespace {

constexpr i64 e_again = -11, e_invalid = -22, e_pipe = -32, e_in_use = -98, e_not_available = -99, e_reset = -104, e_connected = -106,
              e_not_connected = -107, e_timed_out = -110, e_refused = -111, e_host_unreachable = -113, e_already = -114, e_in_progress = -115,
              e_network_unreachable = -101, e_family = -97;
constexpr u32 no_wait = 04000;
const net::address localhost = net::address::from_ipv4(ipv4_loopback);

class Loopback : public ::testing::Test {
 protected:
  Loopback() { EXPECT_TRUE(s.initialize().ok()); }
  ~Loopback() override { s.stop(); }
  /// A connected pair.
  void pair(test_socket& a, test_socket& b, int family = family_ipv4, const net::address& ip = localhost) {
    test_socket l = test_socket::tcp(s, family);
    EXPECT_EQ(l.bind(ip, 0, family), 0);
    EXPECT_EQ(l.listen(), 0);
    a = test_socket::tcp(s, family);
    EXPECT_EQ(a.connect(ip, l.port(), family), 0);
    b = l.accept();
    EXPECT_TRUE(b);
  }
  hosted::virtual_clock clock;
  stack s;
};

TEST_F(Loopback, EchoAndEndOfStream) {
  test_socket a, b;
  pair(a, b);
  EXPECT_EQ(a.send("hello"), 5);
  EXPECT_EQ(b.receive_text(100), "hello");
  EXPECT_EQ(b.send("world"), 5);
  EXPECT_EQ(a.receive_text(2, io::message_flag::peek), "wo");
  EXPECT_EQ(a.receive_text(100), "world");
  EXPECT_EQ(a.shutdown(1), 0);
  char c;
  EXPECT_EQ(b.receive(&c, 1), 0);
  EXPECT_EQ(b.send("half closed"), 11);
  EXPECT_EQ(a.receive_text(100), "half closed");
  EXPECT_EQ(a.send("x"), e_pipe);
}

TEST_F(Loopback, LargeTransferThroughSmallReads) {
  test_socket a, b;
  pair(a, b);
  std::string data(3'000'000, 'x');
  for (usize i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7);
  struct context {
    test_socket* a;
    std::string* data;
    bool done = false;
  } c{&a, &data};
  auto sender = sched::spawn("sender", [&c] {
    EXPECT_EQ(c.a->send(*c.data), static_cast<i64>(c.data->size()));
    c.a->shutdown(1);
    c.done = true;
  });
  std::string got;
  for (;;) {
    const std::string part = b.receive_text(7777);
    if (part.empty()) break;
    got += part;
  }
  EXPECT_TRUE(got == data);
  EXPECT_TRUE(clock.run_until([&] { return c.done; }));
}

TEST_F(Loopback, RefusedAndErrors) {
  test_socket a = test_socket::tcp(s);
  EXPECT_EQ(a.connect(localhost, 9), e_refused);
  EXPECT_EQ(a.send("x"), e_pipe);
  char c;
  EXPECT_EQ(a.receive(&c, 1), e_not_connected);
  EXPECT_EQ(a.connect(net::address::from_ipv4(0x01020304), 9), e_network_unreachable);
  EXPECT_EQ(a.connect(net::address::ipv6_loopback(), 9, family_ipv6), e_family);
  EXPECT_EQ(a.bind(net::address::from_ipv4(0x01020304), 9), e_not_available);
  EXPECT_EQ(a.shutdown(2), e_not_connected);
  EXPECT_EQ(a.accept_error(), e_invalid);
}

TEST_F(Loopback, NonBlockingConnect) {
  test_socket l = test_socket::tcp(s);
  EXPECT_EQ(l.bind(localhost, 5000), 0);
  EXPECT_EQ(l.listen(), 0);
  test_socket a = test_socket::tcp(s, family_ipv4, no_wait);
  EXPECT_EQ(a.poll() & (poll_out | poll_hang_up), poll_out | poll_hang_up);
  EXPECT_EQ(a.connect(localhost, 5000), e_in_progress);
  EXPECT_TRUE(clock.run_until([&] { return (a.poll() & poll_out) == poll_out; }));
  EXPECT_EQ(a.get_option(option::level_socket, option::error), 0);
  EXPECT_EQ(a.connect(localhost, 5000), 0);
  EXPECT_EQ(a.connect(localhost, 5000), e_connected);
  test_socket refused = test_socket::tcp(s, family_ipv4, no_wait);
  EXPECT_EQ(refused.connect(localhost, 5001), e_in_progress);
  EXPECT_EQ(refused.poll() & (poll_error | poll_hang_up), poll_error | poll_hang_up);
  EXPECT_EQ(refused.get_option(option::level_socket, option::error), 111);
  EXPECT_EQ(refused.get_option(option::level_socket, option::error), 0);
}

TEST_F(Loopback, PortsAndReuse) {
  test_socket a = test_socket::tcp(s), b = test_socket::tcp(s);
  EXPECT_EQ(a.bind(localhost, 6000), 0);
  EXPECT_EQ(b.bind(localhost, 6000), e_in_use);
  EXPECT_EQ(b.bind(net::address::from_ipv4(0), 6000), e_in_use);
  EXPECT_EQ(b.bind(net::address::from_ipv4(0x7f000002), 6000), 0);
  EXPECT_EQ(b.bind(localhost, 6001), e_invalid);
  test_socket c = test_socket::tcp(s), d = test_socket::tcp(s);
  EXPECT_EQ(c.set(option::level_socket, option::reuse_port, 1), 0);
  EXPECT_EQ(d.set(option::level_socket, option::reuse_port, 1), 0);
  EXPECT_EQ(c.bind(localhost, 6100), 0);
  EXPECT_EQ(d.bind(localhost, 6100), 0);
  EXPECT_EQ(c.listen(), 0);
  EXPECT_EQ(d.listen(), 0);
  // Both get connections.
  std::vector<test_socket> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(test_socket::tcp(s));
    EXPECT_EQ(clients.back().connect(localhost, 6100), 0);
  }
  EXPECT_TRUE(c.poll() & poll_in);
  EXPECT_TRUE(d.poll() & poll_in);
}

TEST_F(Loopback, RestartedServerMayBindAgain) {
  for (int round = 0; round < 3; ++round) {
    test_socket l = test_socket::tcp(s);
    EXPECT_EQ(l.set(option::level_socket, option::reuse_address, 1), 0);
    EXPECT_EQ(l.bind(localhost, 7000), 0);
    EXPECT_EQ(l.listen(), 0);
    test_socket a = test_socket::tcp(s);
    EXPECT_EQ(a.connect(localhost, 7000), 0);
    test_socket b = l.accept();
    b.close();
    char c;
    EXPECT_EQ(a.receive(&c, 1), 0);
  }
}

TEST_F(Loopback, ResetWhenDataIsLeftUnread) {
  test_socket a, b;
  pair(a, b);
  EXPECT_EQ(a.send("unread"), 6);
  b.close();
  char c;
  EXPECT_EQ(a.receive(&c, 1), e_reset);
  EXPECT_EQ(a.receive(&c, 1), 0);
  EXPECT_EQ(a.send("x"), e_pipe);
}

TEST_F(Loopback, LingerZeroResets) {
  test_socket a, b;
  pair(a, b);
  const struct { i32 on, seconds; } linger{1, 0};
  EXPECT_TRUE(a.get().set_option(option::level_socket, option::linger, &linger, sizeof linger).ok());
  a.close();
  char c;
  EXPECT_EQ(b.receive(&c, 1), e_reset);
}

TEST_F(Loopback, WriteToClosedPeer) {
  test_socket a, b;
  pair(a, b);
  b.close();
  EXPECT_EQ(a.send("x"), 1);  // answered by a reset
  EXPECT_EQ(a.send("y"), e_pipe + (a.poll() & poll_error ? 0 : 0));
}

TEST_F(Loopback, TimeoutsAndNoWait) {
  test_socket a, b;
  pair(a, b);
  char c;
  EXPECT_EQ(a.receive(&c, 1, io::message_flag::dont_wait), e_again);
  const struct { i64 seconds, microseconds; } span{0, 50'000};
  EXPECT_TRUE(a.get().set_option(option::level_socket, option::receive_timeout, &span, sizeof span).ok());
  const nanoseconds start = net::now();
  EXPECT_EQ(a.receive(&c, 1), e_again);
  EXPECT_GE(net::now() - start, 50 * millisecond);
  EXPECT_LT(net::now() - start, 60 * millisecond);
}

TEST_F(Loopback, WaitAllAndTruncate) {
  test_socket a, b;
  pair(a, b);
  struct context {
    test_socket* a;
    bool done = false;
  } c{&a};
  auto sender = sched::spawn("sender", [&c] {
    for (int i = 0; i < 10; ++i) {
      c.a->send("0123456789");
      sched::sleep_until(net::now() + 10 * millisecond);
    }
    c.done = true;
  });
  EXPECT_EQ(b.receive_text(55, io::message_flag::wait_all).size(), 55u);
  char dummy[20];
  EXPECT_EQ(b.receive(dummy, 5, io::message_flag::truncated), 5);
  EXPECT_EQ(b.receive_text(40, io::message_flag::wait_all).size(), 40u);
  EXPECT_TRUE(clock.run_until([&] { return c.done; }));
}

TEST_F(Loopback, BackPressureAndWritability) {
  test_socket a, b;
  pair(a, b);
  std::string block(65536, 'b');
  i64 total = 0, n;
  while ((n = a.send(block, io::message_flag::dont_wait)) > 0) total += n;
  EXPECT_EQ(n, e_again);
  EXPECT_FALSE(a.poll() & io::poll_event::out);
  EXPECT_GT(total, 200'000);
  EXPECT_LT(total, 20'000'000);
  i64 got = 0;
  while (got < total) {
    n = b.receive(block.data(), block.size());
    ASSERT_GT(n, 0);
    got += n;
  }
  EXPECT_TRUE(clock.run_until([&] { return (a.poll() & poll_out) == poll_out; }));
}

TEST_F(Loopback, DualStackAndIpv6Loopback) {
  test_socket l = test_socket::tcp(s, family_ipv6);
  EXPECT_EQ(l.bind({}, 8000, family_ipv6), 0);
  EXPECT_EQ(l.listen(), 0);
  test_socket a = test_socket::tcp(s);
  EXPECT_EQ(a.connect(localhost, 8000), 0);
  io::socket_address peer;
  auto accepted = l.get().accept(&peer, 0);
  ASSERT_TRUE(accepted.ok());
  test_socket b(accepted.release());
  EXPECT_EQ(peer.family(), family_ipv6);
  EXPECT_EQ(peer.bytes[8 + 10], 0xff);  // ::ffff:127.0.0.1
  EXPECT_EQ(peer.bytes[8 + 12], 127);
  test_socket v6, w6;
  pair(v6, w6, family_ipv6, net::address::ipv6_loopback());
  EXPECT_EQ(v6.send("six"), 3);
  EXPECT_EQ(w6.receive_text(10), "six");
  test_socket only4 = test_socket::tcp(s);
  EXPECT_EQ(only4.bind(net::address::from_ipv4(0), 8000), e_in_use);
  test_socket only6 = test_socket::tcp(s, family_ipv6), both = test_socket::tcp(s);
  EXPECT_EQ(only6.set(option::level_ipv6, option::ipv6_only, 1), 0);
  EXPECT_EQ(only6.bind({}, 8001, family_ipv6), 0);
  EXPECT_EQ(both.bind(net::address::from_ipv4(0), 8001), 0);
}

TEST_F(Loopback, SimultaneousOpenWithItself) {
  test_socket a = test_socket::tcp(s);
  EXPECT_EQ(a.bind(localhost, 9000), 0);
  EXPECT_EQ(a.connect(localhost, 9000), 0);
  EXPECT_EQ(a.send("self"), 4);
  EXPECT_EQ(a.receive_text(10), "self");
}

TEST_F(Loopback, ListenerCloseResetsWaitingConnections) {
  test_socket l = test_socket::tcp(s);
  EXPECT_EQ(l.bind(localhost, 9100), 0);
  EXPECT_EQ(l.listen(), 0);
  test_socket a = test_socket::tcp(s);
  EXPECT_EQ(a.connect(localhost, 9100), 0);
  l.close();
  char c;
  EXPECT_EQ(a.receive(&c, 1), e_reset);
  EXPECT_EQ(test_socket::tcp(s).connect(localhost, 9100), e_refused);
}

TEST_F(Loopback, AcceptIsWokenByShutdown) {
  test_socket l = test_socket::tcp(s);
  EXPECT_EQ(l.bind(localhost, 9200), 0);
  EXPECT_EQ(l.listen(), 0);
  struct context {
    test_socket* l;
    i64 code = 0;
    bool done = false;
  } c{&l};
  auto t = sched::spawn("accept", [&c] {
    c.code = c.l->accept_error();
    c.done = true;
  });
  clock.advance(millisecond);
  EXPECT_EQ(l.shutdown(2), 0);
  EXPECT_TRUE(clock.run_until([&] { return c.done; }));
  EXPECT_EQ(c.code, e_invalid);
}

TEST_F(Loopback, ManyShortConnections) {
  test_socket l = test_socket::tcp(s);
  EXPECT_EQ(l.bind(localhost, 9300), 0);
  EXPECT_EQ(l.listen(), 0);
  for (int i = 0; i < 2000; ++i) {
    test_socket a = test_socket::tcp(s);
    ASSERT_EQ(a.connect(localhost, 9300), 0);
    test_socket b = l.accept();
    a.send("q");
    EXPECT_EQ(b.receive_text(10), "q");
    b.send("a");
    EXPECT_EQ(a.receive_text(10), "a");
    if (i & 1) a.close(); else b.close();
    char c;
    EXPECT_EQ((i & 1 ? b : a).receive(&c, 1), 0);
  }
  clock.advance(70 * second);
  EXPECT_EQ(s.connections_by_state[6].load(), 0u);  // every TIME_WAIT has ended
}

TEST_F(Loopback, BadMemory) {
  test_socket a, b;
  pair(a, b);
  char area[4096];
  hosted::bad_address_range bad(area, sizeof area);
  EXPECT_EQ(a.send(area, 100), -14);
  EXPECT_EQ(a.send("good"), 4);
  EXPECT_EQ(b.receive(area, 100), -14);
  EXPECT_EQ(b.receive_text(100), "good");
}

TEST_F(Loopback, OptionsReadBack) {
  test_socket a = test_socket::tcp(s);
  for (const auto& [name, value] : {std::pair{1, 1}, {3, 1}, {4, 60}, {5, 10}, {6, 4}, {18, 5000}}) {
    EXPECT_EQ(a.set(option::level_tcp, name, value), 0);
    EXPECT_EQ(a.get_option(option::level_tcp, name), value);
  }
  EXPECT_EQ(a.set(option::level_tcp, 9, 1), 0);
  EXPECT_EQ(a.set(option::level_tcp, 999, 1), -92);
  EXPECT_EQ(a.set(option::level_socket, option::receive_buffer, 100'000), 0);
  EXPECT_EQ(a.get_option(option::level_socket, option::receive_buffer), 200'000);
  EXPECT_EQ(a.get_option(option::level_socket, option::type), 1);
  EXPECT_EQ(a.get_option(option::level_socket, option::domain), 2);
  u8 info[256];
  EXPECT_TRUE(a.get().get_option(option::level_tcp, 11, info, sizeof info).ok());
  EXPECT_EQ(info[0], 7);  // TCP_CLOSE
}

TEST(Remote, NobodyAnswers) {
  two_hosts net;
  test_socket a = test_socket::tcp(net.host[0]);
  const nanoseconds start = net::now();
  EXPECT_EQ(a.connect(net::address::from_ipv4(0x0a000063), 80), e_host_unreachable);  // no ARP answer
  EXPECT_LT(net::now() - start, 10 * second);
  net.link.ends[1]->filter = [](std::vector<u8>& f) { return f[12] == 8 && f[13] == 6; };  // only ARP passes
  test_socket b = test_socket::tcp(net.host[0]);
  EXPECT_EQ(b.connect(two_hosts::ip(1), 80), e_timed_out);
}

TEST(Remote, KeepAliveFindsADeadPeer) {
  two_hosts net;
  test_socket l = test_socket::tcp(net.host[1]);
  EXPECT_EQ(l.bind({net::address::from_ipv4(0)}, 80), 0);
  EXPECT_EQ(l.listen(), 0);
  test_socket a = test_socket::tcp(net.host[0]);
  EXPECT_EQ(a.set(option::level_socket, option::keep_alive, 1), 0);
  EXPECT_EQ(a.set(option::level_tcp, 4, 10), 0);
  EXPECT_EQ(a.set(option::level_tcp, 5, 2), 0);
  EXPECT_EQ(a.set(option::level_tcp, 6, 3), 0);
  EXPECT_EQ(a.connect(two_hosts::ip(1), 80), 0);
  net.clock.advance(60 * second);
  EXPECT_FALSE(a.poll() & poll_error);  // the peer's stack answers the probes
  net.link.ends[1]->filter = [](std::vector<u8>&) { return false; };
  const nanoseconds start = net::now();
  char c;
  const i64 code = a.receive(&c, 1);
  EXPECT_TRUE(code == e_timed_out || code == e_host_unreachable) << code;
  EXPECT_LT(net::now() - start, 20 * second);
}

TEST(Remote, RetransmissionGivesUp) {
  two_hosts net;
  test_socket l = test_socket::tcp(net.host[1]);
  EXPECT_EQ(l.bind(net::address::from_ipv4(0), 80), 0);
  EXPECT_EQ(l.listen(), 0);
  test_socket a = test_socket::tcp(net.host[0]);
  EXPECT_EQ(a.set(option::level_tcp, 18, 30'000), 0);  // TCP_USER_TIMEOUT
  EXPECT_EQ(a.connect(two_hosts::ip(1), 80), 0);
  net.link.ends[0]->filter = [](std::vector<u8>&) { return false; };
  EXPECT_EQ(a.send("lost"), 4);
  const nanoseconds start = net::now();
  char c;
  const i64 code = a.receive(&c, 1);
  EXPECT_TRUE(code == e_timed_out || code == e_host_unreachable) << code;
  EXPECT_GT(net::now() - start, 29 * second);
  EXPECT_LT(net::now() - start, 70 * second);
}

TEST(Remote, ALingeringCloseEndsWhenBothEndsCloseAtOnce) {
  two_hosts net;
  test_socket l = test_socket::tcp(net.host[1]);
  EXPECT_EQ(l.bind(net::address::from_ipv4(0), 80), 0);
  EXPECT_EQ(l.listen(), 0);
  test_socket a = test_socket::tcp(net.host[0]);
  EXPECT_EQ(a.connect(two_hosts::ip(1), 80), 0);
  test_socket b = l.accept();
  const struct { i32 on, seconds; } linger{1, 30};
  EXPECT_TRUE(a.get().set_option(option::level_socket, option::linger, &linger, sizeof linger).ok());
  const nanoseconds start = net::now();
  b.close();
  a.close();  // neither has heard of the other's FIN: CLOSING, then TIME-WAIT
  EXPECT_LT(net::now() - start, second);
}

TEST(Remote, ZeroWindowIsProbed) {
  two_hosts net;
  test_socket l = test_socket::tcp(net.host[1]);
  EXPECT_EQ(l.set(option::level_socket, option::receive_buffer, 8192), 0);
  EXPECT_EQ(l.bind(net::address::from_ipv4(0), 80), 0);
  EXPECT_EQ(l.listen(), 0);
  test_socket a = test_socket::tcp(net.host[0]);
  EXPECT_EQ(a.connect(two_hosts::ip(1), 80), 0);
  test_socket b = l.accept();
  EXPECT_EQ(a.send(std::string(100'000, 'z')), 100'000);
  net.clock.advance(20 * second);
  // The window update is lost: only probes find out that there is room again.
  net.link.ends[1]->filter = [](std::vector<u8>&) { return false; };
  EXPECT_GT(b.receive_text(100'000).size(), 4000u);
  net.clock.advance(10 * millisecond);
  net.link.ends[1]->filter = nullptr;
  usize got = 0;
  const nanoseconds start = net::now();
  while (got < 90'000) got += b.receive_text(100'000).size();
  EXPECT_LT(net::now() - start, 100 * second);
}

TEST(Remote, SynFloodLeavesTheListenerAlive) {
  two_hosts net;
  test_socket l = test_socket::tcp(net.host[1]);
  EXPECT_EQ(l.bind(net::address::from_ipv4(0), 80), 0);
  EXPECT_EQ(l.listen(32), 0);
  // SYNs from many ports of a host that never answers.
  for (u32 i = 0; i < 3000; ++i) {
    auto p = io::packet::create().release();
    auto* t = reinterpret_cast<tcp_header*>(p->append(sizeof(tcp_header)));
    *t = tcp_header{};
    t->source_port = static_cast<u16>(1024 + i);
    t->destination_port = 80;
    t->sequence = i * 1000;
    t->offset = 5 << 4;
    t->flags = tcp_syn;
    t->window = 1000;
    p->checksum_valid = true;
    p->interface = &net.host[1].interface_at(1);
    tcp::receive(net.host[1], std::move(p), net.host[1].interface_at(1), net::address::from_ipv4(0x0a000050), two_hosts::ip(1));
  }
  EXPECT_LE(net.host[1].connections_by_state[3].load(), 32u);
  test_socket a = test_socket::tcp(net.host[0]);
  EXPECT_EQ(a.connect(two_hosts::ip(1), 80), 0);  // by SYN cookie
  EXPECT_EQ(a.send("through"), 7);
  test_socket b = l.accept();
  EXPECT_EQ(b.receive_text(10), "through");
  EXPECT_EQ(b.send("back"), 4);
  EXPECT_EQ(a.receive_text(10), "back");
  net.clock.advance(120 * second);
  EXPECT_EQ(net.host[1].connections_by_state[3].load(), 0u);
}

}  // namespace
}  // namespace osv::net::testing
