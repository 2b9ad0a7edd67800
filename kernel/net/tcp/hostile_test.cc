// What peers must not be able to do: RFC 5961, floods, forged acknowledgements, tiny segments (reliability.md, Network).
#include <gtest/gtest.h>

#include <set>

#include "net/testing/raw_peer.hh"

namespace osv::net::testing {
namespace {

constexpr i64 e_again = -11, e_reset = -104;

class Hostile : public ::testing::Test {
 protected:
  Hostile() {
    listener = test_socket::tcp(p.host);
    EXPECT_EQ(listener.bind(net::address::from_ipv4(0), 80), 0);
    EXPECT_EQ(listener.listen(), 0);
  }
  void open(const std::string& options = {}, u16 window = 65535) {
    p.open(options, window);
    s = listener.accept(04000);
    ASSERT_TRUE(s);
    next = p.iss + 1;
    ack = p.irs + 1;
  }
  raw_peer p;
  test_socket listener, s;
  u32 next = 0, ack = 0;
};

TEST_F(Hostile, ResetOnlyAtTheExactNumber) {
  open();
  p.send({.flags = tcp_rst, .sequence = next + 100});
  auto answers = p.collect();
  ASSERT_EQ(answers.size(), 1u);  // challenge ACK
  EXPECT_EQ(answers[0].s.flags, tcp_ack);
  EXPECT_EQ(answers[0].s.acknowledgement, next);
  char c;
  EXPECT_EQ(s.receive(&c, 1), e_again);
  p.send({.flags = tcp_rst, .sequence = next + 100'000});  // outside of the window: silence
  EXPECT_TRUE(p.collect().empty());
  p.send({.flags = tcp_rst, .sequence = next});
  EXPECT_TRUE(p.collect().empty());
  EXPECT_EQ(s.receive(&c, 1), e_reset);
}

TEST_F(Hostile, TheEndOfTheStreamStandsAfterAReset) {
  open();
  p.send({.flags = tcp_fin | tcp_ack, .sequence = next, .acknowledgement = ack, .payload = "all"});
  p.collect();
  p.send({.flags = tcp_rst, .sequence = next + 4});
  p.collect();
  EXPECT_EQ(s.receive_text(10), "all");
  char c;
  EXPECT_EQ(s.receive(&c, 1), 0);
}

TEST_F(Hostile, ConnectionsAreServedInTheOrderOfTheirSegments) {
  std::vector<u32> sequences;
  constexpr u16 first_port = 2000, count = 5;
  for (u16 i = 0; i < count; ++i) {
    const u16 port = first_port + i;
    p.send({.flags = tcp_syn, .sequence = 5000, .source_port = port});
    const auto answers = p.collect();
    ASSERT_EQ(answers.size(), 1u);
    sequences.push_back(answers[0].s.sequence + 1);
    p.send({.sequence = 5001, .acknowledgement = sequences.back(), .source_port = port});
    p.collect();
  }
  // One batch; what was received before is acknowledged at once.
  constexpr u16 order[] = {3, 0, 4, 1, 2};
  for (u16 i : order) p.send({.sequence = 5000, .acknowledgement = sequences[i], .payload = "x", .source_port = static_cast<u16>(first_port + i)});
  const auto answers = p.collect();
  ASSERT_EQ(answers.size(), count);
  for (usize i = 0; i < count; ++i) EXPECT_EQ(answers[i].destination_port, first_port + order[i]);
}

TEST_F(Hostile, SynRightBehindAResetOpensAnew) {
  open();
  // Both come in one batch: the SYN finds the connection that the reset is about to end.
  p.send({.flags = tcp_rst, .sequence = next});
  p.send({.flags = tcp_syn, .sequence = next + 100'000});
  auto answers = p.collect();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].s.flags, tcp_syn | tcp_ack);
  EXPECT_EQ(answers[0].s.acknowledgement, next + 100'001);
  p.send({.sequence = next + 100'001, .acknowledgement = answers[0].s.sequence + 1, .payload = "anew"});
  p.collect();
  char c;
  EXPECT_EQ(s.receive(&c, 1), e_reset);
  s = listener.accept(04000);
  ASSERT_TRUE(s);
  EXPECT_EQ(s.receive_text(10), "anew");
}

TEST_F(Hostile, SynInAConnectionIsChallenged) {
  open();
  p.send({.flags = tcp_syn, .sequence = next + 5});
  auto answers = p.collect();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].s.flags, tcp_ack);
  p.send({.sequence = next, .acknowledgement = ack, .payload = "alive"});
  p.collect();
  EXPECT_EQ(s.receive_text(10), "alive");
}

TEST_F(Hostile, ChallengesAreBoundedPerConnection) {
  open();
  for (int i = 0; i < 1000; ++i) p.send({.flags = tcp_syn, .sequence = next + 5});
  EXPECT_LE(p.collect().size(), 100u);
}

TEST_F(Hostile, ForgedAcknowledgements) {
  open();
  EXPECT_EQ(s.send("data"), 4);
  p.collect();
  p.send({.sequence = next, .acknowledgement = ack + 1000});  // never sent
  auto answers = p.collect();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].s.acknowledgement, next);
  p.send({.sequence = next, .acknowledgement = ack - 100'000, .payload = "old"});
  p.collect();
  char c;
  EXPECT_EQ(s.receive(&c, 1), e_again);  // RFC 5961 §5: the segment is dropped with its data
}

TEST_F(Hostile, OutOfOrderFloodIsBounded) {
  open(std::string("\x04\x02\x01\x01", 4));  // SACK
  const u64 blocks = io::packet_memory();
  // One byte in every second place: nothing joins.
  for (u32 i = 0; i < 20'000; ++i) p.send({.sequence = next + 1 + 2 * (i % 16'000), .acknowledgement = ack, .payload = "x"});
  p.collect(10 * millisecond);
  EXPECT_LT(io::packet_memory() - blocks, 64u << 20);
  // Bytes in order still get through.
  std::string all(40'000, 'y');
  for (usize at = 0; at < all.size(); at += 1000) p.send({.sequence = next + static_cast<u32>(at), .acknowledgement = ack, .payload = all.substr(at, 1000)});
  p.collect(10 * millisecond);
  usize got = 0;
  for (std::string part; !(part = s.receive_text(100'000)).empty();) got += part.size();
  EXPECT_GE(got, 39'000u);
}

TEST_F(Hostile, OverlapsKeepTheFirstBytes) {
  open();
  p.send({.sequence = next + 4, .acknowledgement = ack, .payload = "EFGH"});
  p.send({.sequence = next + 2, .acknowledgement = ack, .payload = "cdefghij"});
  p.send({.sequence = next, .acknowledgement = ack, .payload = "ab"});
  p.collect();
  const std::string got = s.receive_text(100);
  EXPECT_EQ(got.size(), 10u);
  EXPECT_EQ(got.substr(0, 4), "abcd");
  EXPECT_EQ(got.substr(8), "ij");
}

TEST_F(Hostile, TinyMssAndSackNonsense) {
  // MSS 1 and SACK; the sender must not cut its queue into dust, nor believe impossible blocks.
  open(std::string("\x02\x04\x00\x01\x04\x02\x01\x01", 8));
  EXPECT_EQ(s.send(std::string(20'000, 'm')), 20'000);
  auto first = p.collect();
  ASSERT_FALSE(first.empty());
  EXPECT_GE(first[0].payload.size(), 40u);
  const auto block = [](u32 a, u32 b) {
    std::string o("\x01\x01\x05\x0a", 4);
    for (u32 v : {a, b})
      for (int shift = 24; shift >= 0; shift -= 8) o.push_back(static_cast<char>(v >> shift));
    return o;
  };
  for (u32 i = 0; i < 2000; ++i) {
    const u32 at = (i * 7919) % 20'000;
    p.send({.sequence = next, .acknowledgement = ack, .options = block(ack + at, ack + at + 1)});
    p.send({.sequence = next, .acknowledgement = ack, .options = block(ack + 20'000, ack - 20'000)});
    p.send({.sequence = next, .acknowledgement = ack, .options = block(ack + at, ack + 900'000'000)});
  }
  p.collect(10 * millisecond);
  // An honest receiver from here on gets everything.
  std::string got(20'000, 0);
  u32 covered = 0;
  for (int round = 0; round < 4000 && covered < 20'000; ++round) {
    for (const auto& g : p.collect(20 * millisecond)) {
      const u32 offset = g.s.sequence - ack;
      if (offset <= covered && offset + g.payload.size() > covered) covered = offset + static_cast<u32>(g.payload.size());
    }
    p.send({.sequence = next, .acknowledgement = ack + covered});
  }
  EXPECT_EQ(covered, 20'000u);
}

TEST_F(Hostile, UrgentPointerIsIgnored) {
  open();
  p.send({.flags = tcp_ack | tcp_urg, .sequence = next, .acknowledgement = ack, .payload = "abc", .urgent = 0});
  p.send({.flags = tcp_ack | tcp_urg, .sequence = next + 3, .acknowledgement = ack, .payload = "def", .urgent = 65535});
  p.collect();
  EXPECT_EQ(s.receive_text(10), "abcdef");
}

TEST_F(Hostile, MalformedHeaders) {
  open();
  for (const std::string& options : {std::string("\x08\x0a\x00\x00", 4), std::string("\x05\xff\x01\x01", 4), std::string("\x02\x00\x00\x00", 4), std::string("\x01\x01\x01\x08", 4)})
    p.send({.sequence = next, .acknowledgement = ack, .options = options});
  p.send({.sequence = next, .acknowledgement = ack, .payload = "fine"});
  p.collect();
  EXPECT_EQ(s.receive_text(10), "fine");
}

TEST_F(Hostile, FinInEveryOrder) {
  open();
  p.send({.flags = tcp_ack | tcp_fin, .sequence = next + 3, .acknowledgement = ack, .payload = "def"});  // early, with data
  p.collect();
  EXPECT_EQ(s.receive_text(10), "");
  p.send({.sequence = next, .acknowledgement = ack, .payload = "abc"});
  p.collect();
  EXPECT_EQ(s.receive_text(10), "abcdef");
  char c;
  EXPECT_EQ(s.receive(&c, 1), 0);
  EXPECT_EQ(s.send("tail"), 4);
  s.close();
  auto out = p.collect();
  ASSERT_FALSE(out.empty());
  EXPECT_TRUE(out.back().s.fin());
  EXPECT_EQ(p.host.connections_by_state[9].load(), 1u);  // LAST_ACK
  p.send({.sequence = next + 7, .acknowledgement = ack + 5});
  p.collect();
  EXPECT_EQ(p.host.connections_by_state[9].load(), 0u);
}

TEST_F(Hostile, AFinWaitsForItsDataWhereThePeerHasNoSack) {
  const std::string sack_permitted("\x04\x02\x01\x01", 4);
  for (const bool has_sack : {false, true})
    for (const usize size : {usize{20'000}, usize{120'000}}) {
      open(has_sack ? sack_permitted : std::string());
      EXPECT_EQ(s.send(std::string(size, 'd')), static_cast<i64>(size));
      s.close();
      const u32 end = ack + static_cast<u32>(size);
      u32 acknowledged = ack;
      bool fin = false;
      // All but the last segment is acknowledged as it comes.
      for (int rounds = 0; rounds < 200 && acknowledged != end; ++rounds) {
        for (const seen_segment& one : p.collect(10 * millisecond)) {
          if (one.s.flags & tcp_fin) fin = true;
          if (one.s.sequence + one.payload.size() > acknowledged) acknowledged = one.s.sequence + static_cast<u32>(one.payload.size());
        }
        if (acknowledged != end) p.send({.sequence = next, .acknowledgement = acknowledged});
      }
      EXPECT_EQ(acknowledged, end);
      EXPECT_EQ(fin, has_sack || size == 20'000) << has_sack << size;
      p.send({.sequence = next, .acknowledgement = acknowledged});
      for (const seen_segment& one : p.collect()) fin = fin || (one.s.flags & tcp_fin);
      EXPECT_TRUE(fin);
      p.send({.flags = tcp_rst, .sequence = next});
      p.collect();
      p.iss += 1'000'000;
    }
}

// passt of Debian 12 loses acknowledgements when the machine is slow to take them, and repeats none.
TEST_F(Hostile, ASilentPeerWithoutSackIsSentMoreEachTime) {
  const std::string sack_permitted("\x04\x02\x01\x01", 4);
  for (const bool has_sack : {false, true}) {
    open(has_sack ? sack_permitted : std::string());
    EXPECT_EQ(s.send(std::string(10 * 1460, 'd')), 10 * 1460);
    EXPECT_EQ(p.collect(0).size(), 0u);
    std::vector<std::vector<u32>> bursts;
    nanoseconds silent = 0;
    for (int i = 0; i < 4000; ++i, silent += millisecond)
      if (const auto seen = p.collect(); !seen.empty()) {
        std::vector<u32> burst;
        for (const seen_segment& one : seen) burst.push_back((one.s.sequence - ack) / 536);  // the MSS of who offers none
        if (bursts.empty() || silent > 10 * millisecond) bursts.push_back({});
        bursts.back().insert(bursts.back().end(), burst.begin(), burst.end());
        silent = 0;
      }
    ASSERT_GE(bursts.size(), 4u);
    const u32 last = bursts[0].back();
    EXPECT_EQ(bursts[1], std::vector<u32>{0});
    if (has_sack) {
      EXPECT_EQ(bursts[2], std::vector<u32>{0});
      EXPECT_EQ(bursts[3], std::vector<u32>{0});
    } else {
      EXPECT_EQ(bursts[2], (std::vector<u32>{last + 1, 0, 1, 2, 3}));
      EXPECT_GE(bursts[3].size(), 12u);
    }
    p.send({.flags = tcp_rst, .sequence = next});
    p.collect();
    p.iss += 1'000'000;
  }
}

TEST_F(Hostile, AByteBeyondTheWindowAsksASilentPeerWithoutSack) {
  open({}, 5 * 536);
  EXPECT_EQ(s.send(std::string(20 * 536, 'd')), 20 * 536);
  u32 beyond = 0, bytes = 0;
  for (const seen_segment& one : p.collect(5 * second))
    if (!tcp::before(one.s.sequence, ack + 5 * 536)) {
      ++beyond;
      bytes += static_cast<u32>(one.payload.size());
    }
  EXPECT_GE(beyond, 2u);
  EXPECT_EQ(bytes, beyond);
  // It had got all of them: what it says now is taken up.
  p.send({.sequence = next, .acknowledgement = ack + 5 * 536 + beyond, .window = 65535});
  usize got = 0;
  for (const seen_segment& one : p.collect(10 * millisecond)) got += one.payload.size();
  EXPECT_GT(got, 536u);
}

TEST_F(Hostile, AFinGoesToASilentPeerInTheEnd) {
  open();
  EXPECT_EQ(s.send(std::string(120'000, 'd')), 120'000);
  s.close();
  u32 acknowledged = ack;
  // Everything arrives, but of the last acknowledgement nothing is heard.
  for (int rounds = 0; rounds < 200 && acknowledged != ack + 120'000; ++rounds) {
    for (const seen_segment& one : p.collect(10 * millisecond))
      if (const u32 end = one.s.sequence + static_cast<u32>(one.payload.size()); tcp::after(end, acknowledged)) acknowledged = end;
    if (acknowledged != ack + 120'000) p.send({.sequence = next, .acknowledgement = acknowledged});
  }
  const auto fins = [](const std::deque<seen_segment>& seen) {
    return std::count_if(seen.begin(), seen.end(), [](const seen_segment& one) { return one.s.flags & tcp_fin; });
  };
  EXPECT_EQ(fins(p.collect(500 * millisecond)), 0);
  EXPECT_GE(fins(p.collect(3 * second)), 1);
}

TEST_F(Hostile, PeersWithoutSackGetNoLargeWindow) {
  const std::string sack_permitted("\x04\x02\x01\x01", 4), scale("\x03\x03\x07\x01", 4), mss("\x02\x04\x05\xb4", 4);
  for (const bool has_sack : {false, true}) {
    open(mss + scale + (has_sack ? sack_permitted : std::string()), 8000);
    auto sender = sched::spawn("sender", [this] { s.send(std::string(8 << 20, 'd')); });
    u32 acknowledged = ack, most = 0;
    for (int rounds = 0; rounds < 12; ++rounds) {
      u32 end = acknowledged;
      for (const seen_segment& one : p.collect(5 * millisecond))
        if (const u32 e = one.s.sequence + static_cast<u32>(one.payload.size()); tcp::after(e, end)) end = e;
      most = std::max(most, end - acknowledged);
      acknowledged = end;
      p.send({.sequence = next, .acknowledgement = acknowledged, .window = 8000});
    }
    if (has_sack)
      EXPECT_GT(most, 200u << 10);
    else
      EXPECT_LE(most, 128u << 10);
    p.send({.flags = tcp_rst, .sequence = next});
    p.collect();
    p.iss += 1'000'000;
  }
}

TEST_F(Hostile, SimultaneousClose) {
  open();
  s.close();
  auto out = p.collect();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_TRUE(out[0].s.fin());
  p.send({.flags = tcp_ack | tcp_fin, .sequence = next, .acknowledgement = ack});  // crosses ours
  p.collect();
  EXPECT_EQ(p.host.connections_by_state[11].load(), 1u);  // CLOSING
  p.send({.sequence = next + 1, .acknowledgement = ack + 1});
  p.collect();
  EXPECT_EQ(p.host.connections_by_state[6].load(), 1u);  // TIME_WAIT
  p.clock.advance(61 * second);
  EXPECT_EQ(p.host.connections_by_state[6].load(), 0u);
}

TEST_F(Hostile, TimeWaitGivesWayToANewConnection) {
  open();
  s.close();
  p.collect();
  p.send({.flags = tcp_ack | tcp_fin, .sequence = next, .acknowledgement = ack + 1});
  p.collect();
  EXPECT_EQ(p.host.connections_by_state[6].load(), 1u);
  p.iss += 100'000;
  open();
  EXPECT_EQ(p.host.connections_by_state[6].load(), 0u);
  p.send({.sequence = next, .acknowledgement = ack, .payload = "again"});
  p.collect();
  EXPECT_EQ(s.receive_text(10), "again");
}

TEST_F(Hostile, DataAfterCloseIsReset) {
  open();
  s.close();
  p.collect();
  p.send({.sequence = next, .acknowledgement = ack + 1, .payload = "late"});
  auto out = p.collect();
  ASSERT_FALSE(out.empty());
  EXPECT_TRUE(out.back().s.rst());
}

TEST_F(Hostile, NumbersAndPortsDiffer) {
  std::set<u32> sequences;
  std::set<u16> ports;
  for (u16 i = 0; i < 50; ++i) {
    p.send({.flags = tcp_syn, .sequence = 5, .source_port = static_cast<u16>(2000 + i)});
    for (const auto& g : p.collect()) sequences.insert(g.s.sequence >> 8);
    test_socket out = test_socket::tcp(p.host, family_ipv4, 04000);
    out.connect(raw_peer::ip(1), 7);
    for (const auto& g : p.collect())
      if (g.destination_port == 7) ports.insert(g.source_port);
  }
  EXPECT_GE(sequences.size(), 49u);
  EXPECT_GE(ports.size(), 45u);
}

TEST_F(Hostile, PawsDropsOldTimestamps) {
  const auto stamp = [](u32 value, u32 echo) {
    std::string o("\x01\x01\x08\x0a", 4);
    for (u32 v : {value, echo})
      for (int shift = 24; shift >= 0; shift -= 8) o.push_back(static_cast<char>(v >> shift));
    return o;
  };
  p.send({.flags = tcp_syn, .sequence = p.iss, .options = stamp(1000, 0)});
  auto answers = p.collect();
  ASSERT_EQ(answers.size(), 1u);
  ASSERT_TRUE(answers[0].s.has_timestamp);
  const u32 echo = answers[0].s.timestamp_value;
  p.irs = answers[0].s.sequence;
  next = p.iss + 1;
  ack = p.irs + 1;
  p.send({.sequence = next, .acknowledgement = ack, .options = stamp(1001, echo)});
  p.collect();
  s = listener.accept(04000);
  ASSERT_TRUE(s);
  p.send({.sequence = next, .acknowledgement = ack, .payload = "new", .options = stamp(1010, echo)});
  p.collect();
  p.send({.sequence = next + 3, .acknowledgement = ack, .payload = "old", .options = stamp(900, echo)});
  auto out = p.collect();
  ASSERT_FALSE(out.empty());
  EXPECT_EQ(out.back().s.acknowledgement, next + 3);
  EXPECT_EQ(s.receive_text(10), "new");
}

TEST_F(Hostile, NagleAndCork) {
  open();
  EXPECT_EQ(s.send("a"), 1);
  EXPECT_EQ(s.send("b"), 1);
  EXPECT_EQ(s.send("c"), 1);
  auto out = p.collect();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].payload, "a");
  p.send({.sequence = next, .acknowledgement = ack + 1});
  out = p.collect();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].payload, "bc");
  p.send({.sequence = next, .acknowledgement = ack + 3});
  p.collect();
  EXPECT_EQ(s.set(option::level_tcp, 3, 1), 0);
  EXPECT_EQ(s.send("head"), 4);
  EXPECT_EQ(s.send("body"), 4);
  EXPECT_TRUE(p.collect().empty());
  EXPECT_EQ(s.set(option::level_tcp, 3, 0), 0);
  out = p.collect();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].payload, "headbody");
}

TEST_F(Hostile, LostTailIsFoundByAProbe) {
  open(std::string("\x04\x02\x01\x01", 4));
  EXPECT_EQ(s.send(std::string(3000, 't')), 3000);
  auto out = p.collect();
  ASSERT_GE(out.size(), 2u);
  p.send({.sequence = next, .acknowledgement = ack + 1460});
  const nanoseconds start = net::now();
  out = p.collect(400 * millisecond);
  ASSERT_FALSE(out.empty());  // a probe or the time-out sends again
  EXPECT_LE(net::now() - start, 500 * millisecond);
}

}  // namespace
}  // namespace osv::net::testing
