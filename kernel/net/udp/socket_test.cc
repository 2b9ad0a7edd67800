// Datagram sockets: semantics, errors, fragments, multicast.
#include <gtest/gtest.h>

#include "net/testing/sockets.hh"
#include "net/testing/wire.hh"

namespace osv::net::testing {
namespace {

constexpr i64 e_again = -11, e_refused = -111, e_access = -13, e_too_long = -90, e_destination = -89, e_in_use = -98;
constexpr u32 no_wait = 04000;
const net::address localhost = net::address::from_ipv4(ipv4_loopback);
const net::address any = net::address::from_ipv4(0);

TEST(Udp, LoopbackSemantics) {
  hosted::virtual_clock clock;
  stack s;
  ASSERT_TRUE(s.initialize().ok());
  {
    test_socket a = test_socket::udp(s, family_ipv4, no_wait), b = test_socket::udp(s, family_ipv4, no_wait);
    EXPECT_EQ(a.bind(localhost, 53), 0);
    EXPECT_EQ(b.bind(localhost, 53), e_in_use);
    EXPECT_EQ(b.send("x"), e_destination);
    EXPECT_EQ(b.send_to("question", localhost, 53), 8);
    EXPECT_EQ(a.poll() & poll_in, poll_in);
    EXPECT_EQ(a.receive_text(3, io::message_flag::peek), "que");
    char buffer[100];
    io::cursor c(buffer, sizeof buffer);
    io::socket_address from;
    io::message m;
    m.data = &c;
    m.address = &from;
    EXPECT_EQ(test_socket::code(a.get().receive(m, 0)), 8);
    EXPECT_EQ(from.family(), family_ipv4);
    EXPECT_EQ(static_cast<u16>(from.bytes[2] << 8 | from.bytes[3]), b.port());
    EXPECT_EQ(b.send_to("", localhost, 53), 0);  // an empty datagram is one
    EXPECT_EQ(a.receive(buffer, 10), 0);
    EXPECT_EQ(a.receive(buffer, 10), e_again);
    EXPECT_EQ(b.send_to("truncated", localhost, 53), 9);
    EXPECT_EQ(a.receive(buffer, 4, io::message_flag::truncated), 9);
    EXPECT_EQ(b.send_to(std::string(65507, 'L'), localhost, 53), 65507);
    EXPECT_EQ(a.receive_text(70000).size(), 65507u);
    EXPECT_EQ(b.send_to(std::string(65508, 'L'), localhost, 53), e_too_long);
    // Connected sockets hear of errors and of their peer alone.
    test_socket d = test_socket::udp(s, family_ipv4, no_wait);
    EXPECT_EQ(d.connect(localhost, 9), 0);
    EXPECT_EQ(d.send("nobody"), 6);
    EXPECT_EQ(d.send("again"), e_refused);
    EXPECT_EQ(d.connect(localhost, 53), 0);
    EXPECT_EQ(b.send_to("stranger", localhost, d.port()), 8);
    EXPECT_EQ(d.receive(buffer, 10), e_again);
    test_socket v6 = test_socket::udp(s, family_ipv6, no_wait);
    EXPECT_EQ(v6.bind({}, 5353, family_ipv6), 0);
    EXPECT_EQ(b.send_to("mapped", localhost, 5353), 6);
    EXPECT_EQ(v6.receive_text(20), "mapped");
    EXPECT_EQ(v6.send_to("six", net::address::ipv6_loopback(), 5353, family_ipv6), 3);
    EXPECT_EQ(v6.receive_text(20), "six");
    // A queue that nobody reads is bounded.
    for (int i = 0; i < 5000; ++i) b.send_to("flood", localhost, 53);
    unsigned kept = 0;
    while (a.receive(buffer, 10) > 0) ++kept;
    EXPECT_LT(kept, 1000u);
  }
  s.stop();
}

TEST(Udp, FragmentsOverAWire) {
  two_hosts net(3, {.transmit_checksum = true});
  test_socket a = test_socket::udp(net.host[0], family_ipv4, no_wait), b = test_socket::udp(net.host[1], family_ipv4, no_wait);
  EXPECT_EQ(b.bind(any, 4000), 0);
  net.link.set_quality({.reorder = 0.3});
  for (int i = 0; i < 20; ++i) {
    std::string data(static_cast<usize>(1000 + i * 3000), 'f');
    for (usize n = 0; n < data.size(); ++n) data[n] = static_cast<char>(n * 31 + static_cast<usize>(i));
    EXPECT_EQ(a.send_to(data, two_hosts::ip(1), 4000), static_cast<i64>(data.size()));
    net.clock.advance(20 * millisecond);
    EXPECT_TRUE(b.receive_text(70000) == data) << i;
  }
  // Holes: nothing arrives, nothing is kept for ever, later datagrams come through.
  net.link.set_quality({.loss = 0.5});
  for (int i = 0; i < 300; ++i) a.send_to(std::string(9000, 'h'), two_hosts::ip(1), 4000);
  net.clock.advance(100 * millisecond);
  net.link.set_quality({});
  std::string last;
  while (!b.receive_text(70000).empty()) {
  }
  EXPECT_EQ(a.send_to(std::string(9000, 'e'), two_hosts::ip(1), 4000), 9000);
  net.clock.advance(100 * millisecond);
  EXPECT_EQ(b.receive_text(70000), std::string(9000, 'e'));
}

TEST(Udp, ErrorsBroadcastMulticast) {
  two_hosts net;
  test_socket a = test_socket::udp(net.host[0], family_ipv4, no_wait), b = test_socket::udp(net.host[1], family_ipv4, no_wait);
  EXPECT_EQ(a.connect(two_hosts::ip(1), 9), 0);
  EXPECT_EQ(a.send("closed"), 6);
  net.clock.advance(10 * millisecond);
  EXPECT_EQ(a.send("x"), e_refused);  // by ICMP
  EXPECT_EQ(b.bind(any, 4000), 0);
  test_socket c = test_socket::udp(net.host[0], family_ipv4, no_wait);
  const net::address broadcast = net::address::from_ipv4(0x0a0000ff), group = net::address::from_ipv4(0xe0000123);
  EXPECT_EQ(c.send_to("all", broadcast, 4000), e_access);
  EXPECT_EQ(c.set(option::level_socket, option::broadcast, 1), 0);
  EXPECT_EQ(c.send_to("all", broadcast, 4000), 3);
  net.clock.advance(10 * millisecond);
  EXPECT_EQ(b.receive_text(10), "all");
  EXPECT_EQ(c.send_to("none", group, 4000), 4);
  net.clock.advance(10 * millisecond);
  EXPECT_EQ(b.receive_text(10), "");
  const u8 request[8] = {0xe0, 0, 1, 0x23, 10, 0, 0, 2};
  EXPECT_TRUE(b.get().set_option(option::level_ip, option::ip_add_membership, request, 8).ok());
  EXPECT_EQ(c.send_to("group", group, 4000), 5);
  net.clock.advance(10 * millisecond);
  EXPECT_EQ(b.receive_text(10), "group");
}

}  // namespace
}  // namespace osv::net::testing
