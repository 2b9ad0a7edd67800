// DHCP: reading answers of every shape, and the client against a server that is a script.
#include <gtest/gtest.h>

#include "net/dhcp.hh"
#include "net/testing/sockets.hh"
#include "net/testing/wire.hh"

namespace osv::net::testing {
namespace {

const devices::mac_address mac{{2, 0, 0, 0, 0, 1}};

/// A BOOTP reply with these options behind the cookie.
std::vector<u8> reply(u32 transaction, u32 address, const std::string& options) {
  std::vector<u8> m(240, 0);
  m[0] = 2, m[1] = 1, m[2] = 6;
  for (int i = 0; i < 4; ++i) {
    m[4 + static_cast<usize>(i)] = static_cast<u8>(transaction >> (24 - 8 * i));
    m[16 + static_cast<usize>(i)] = static_cast<u8>(address >> (24 - 8 * i));
  }
  std::memcpy(m.data() + 28, mac.bytes, 6);
  m[236] = 0x63, m[237] = 0x82, m[238] = 0x53, m[239] = 0x63;
  m.insert(m.end(), options.begin(), options.end());
  return m;
}
std::string option_of(u8 kind, const std::string& body) { return std::string{static_cast<char>(kind), static_cast<char>(body.size())} + body; }
const std::string end(1, '\xff');

TEST(DhcpMessage, OptionsInAnyOrderAndSplit) {
  const std::string options = option_of(119, std::string("\x04""corp\x07""exam", 10)) + std::string(3, '\0') + option_of(6, std::string("\x0a\x00\x00\x03", 4)) +
                              option_of(121, std::string("\x18\xc0\xa8\x07\x0a\x00\x00\x01\x00\x0a\x00\x00\x02", 13)) +
                              option_of(26, std::string("\x05\x78", 2)) + option_of(119, std::string("ple\x00\x03""sub\xc0\x00", 10)) +
                              option_of(6, std::string("\x0a\x00\x00\x04", 4)) + option_of(53, std::string("\x05", 1)) +
                              option_of(1, std::string("\xff\xff\xff\x00", 4)) + option_of(51, std::string("\x00\x00\x0e\x10", 4)) + end;
  const auto m = reply(7, 0x0a000042, options);
  dhcp_lease l;
  ASSERT_TRUE(parse_dhcp(m.data(), m.size(), mac, l).ok());
  EXPECT_EQ(l.type, dhcp_type::acknowledge);
  EXPECT_EQ(l.address, 0x0a000042u);
  EXPECT_EQ(l.prefix, 24);
  EXPECT_EQ(l.mtu, 1400);
  EXPECT_EQ(l.lease_seconds, 3600u);
  ASSERT_EQ(l.nameservers.size(), 2u);
  EXPECT_EQ(l.nameservers[1], 0x0a000004u);
  ASSERT_EQ(l.routes.size(), 2u);
  EXPECT_EQ(l.routes[0].destination, 0xc0a80700u);
  EXPECT_EQ(l.routes[0].prefix, 24);
  EXPECT_EQ(l.routes[1].prefix, 0);
  EXPECT_EQ(l.routes[1].gateway, 0x0a000002u);
  ASSERT_EQ(l.search_domains.size(), 2u);
  EXPECT_EQ(l.search_domains[0].view(), "corp.example");
  EXPECT_EQ(l.search_domains[1].view(), "sub.corp.example");
}

TEST(DhcpMessage, OverloadedFields) {
  std::string file = option_of(53, std::string("\x02", 1)) + end;
  auto m = reply(7, 1, option_of(52, std::string("\x01", 1)) + end);
  std::memcpy(m.data() + 108, file.data(), file.size());
  dhcp_lease l;
  ASSERT_TRUE(parse_dhcp(m.data(), m.size(), mac, l).ok());
  EXPECT_EQ(l.type, dhcp_type::offer);
}

TEST(DhcpMessage, NonsenseIsRefusedOrIgnored) {
  dhcp_lease l;
  auto m = reply(7, 1, end);
  EXPECT_FALSE(parse_dhcp(m.data(), m.size(), mac, l).ok());  // no type
  EXPECT_FALSE(parse_dhcp(m.data(), 100, mac, l).ok());
  m = reply(7, 1, option_of(53, std::string("\x05", 1)) + option_of(119, std::string("\xc0\x00\xc0\x00", 4)) + option_of(121, std::string("\x21\x01", 2)) +
                      std::string("\x06\xff\x01", 3));  // runs over the end
  dhcp_lease odd;
  EXPECT_TRUE(parse_dhcp(m.data(), m.size(), mac, odd).ok());
  EXPECT_TRUE(odd.search_domains.empty());
  EXPECT_TRUE(odd.routes.empty());
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    auto fuzzed = reply(7, 1, option_of(53, std::string("\x05", 1)));
    for (int n = 0; n < 60; ++n) fuzzed.push_back(static_cast<u8>(random()));
    dhcp_lease any;
    (void)parse_dhcp(fuzzed.data(), fuzzed.size(), mac, any);
  }
}

/// Answers as a DHCP server on host 1 would. Unicast to the offered address, as passt does, when `unicast`.
struct script {
  two_hosts* net;
  std::string extra;
  bool refuse_renewal = false;
  unsigned discovers = 0, requests = 0;
  bool stop = false, stopped = false;

  void run() {
    test_socket s = test_socket::udp(net->host[1], family_ipv4, 04000);
    EXPECT_EQ(s.set(option::level_socket, option::broadcast, 1), 0);
    EXPECT_EQ(s.bind(net::address::from_ipv4(0), 67), 0);
    while (!stop) {
      u8 m[600];
      const i64 n = s.receive(m, sizeof m);
      if (n < 240) {
        sched::sleep_until(net::now() + 5 * millisecond);
        continue;
      }
      const u32 id = static_cast<u32>(m[4]) << 24 | static_cast<u32>(m[5]) << 16 | static_cast<u32>(m[6]) << 8 | m[7];
      const u8 type = m[242];
      const bool renewal = m[12] != 0;
      char answer = 5;
      if (type == 1) {
        ++discovers;
        answer = 2;
      } else {
        ++requests;
        if (renewal && refuse_renewal) answer = 6;
      }
      const auto out = reply(id, answer == 6 ? 0 : 0x0a000042, option_of(53, std::string(1, answer)) + option_of(54, std::string("\x0a\x00\x00\x02", 4)) +
                                                  option_of(1, std::string("\xff\xff\xff\x00", 4)) + option_of(51, std::string("\x00\x00\x00\x78", 4)) + extra + end);
      s.send_to(std::string(out.begin(), out.end()), net::address::from_ipv4(renewal ? 0x0a000042 : ipv4_broadcast), 68);
    }
    stopped = true;
  }
};

TEST(DhcpClient, GetsAndRenewsALease) {
  two_hosts net;
  net.host[0].interface_at(1).remove_addresses();
  script server{&net, option_of(3, std::string("\x0a\x00\x00\x02", 4)) + option_of(6, std::string("\x0a\x00\x00\x03", 4))};
  auto t = sched::spawn("server", [&server] { server.run(); });
  dhcp_client client(net.host[0], net.host[0].interface_at(1));
  ASSERT_TRUE(client.start("guest").ok());
  EXPECT_TRUE(net.clock.run_until([&] { return client.bound(); }, 10 * second));
  EXPECT_TRUE(net.host[0].interface_at(1).has_address(net::address::from_ipv4(0x0a000042)));
  auto r = net.host[0].find_route(net::address::from_ipv4(0x08080808), {});
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.value().next_hop.ipv4(), 0x0a000002u);
  EXPECT_EQ(r.value().source.ipv4(), 0x0a000042u);
  vector<net::address> servers;
  ASSERT_TRUE(client.nameservers(servers).ok());
  ASSERT_EQ(servers.size(), 1u);
  const unsigned before = server.requests;
  net.clock.advance(90 * second);  // half of 120 s
  EXPECT_GT(server.requests, before);
  EXPECT_EQ(server.discovers, 1u);
  EXPECT_TRUE(client.bound());
  server.refuse_renewal = true;
  net.clock.advance(90 * second);
  EXPECT_GT(server.discovers, 1u);
  EXPECT_TRUE(client.bound());
  client.stop();
  server.stop = true;
  EXPECT_TRUE(net.clock.run_until([&] { return server.stopped; }));
}

TEST(DhcpClient, SettlesWithoutAServer) {
  two_hosts net;
  net.host[0].interface_at(1).remove_addresses();
  dhcp_client client(net.host[0], net.host[0].interface_at(1));
  ASSERT_TRUE(client.start("guest").ok());
  EXPECT_TRUE(net.clock.run_until([&] { return client.settled(); }, 60 * second));
  EXPECT_FALSE(client.bound());
  client.stop();
}

}  // namespace
}  // namespace osv::net::testing
