// The order in which losses are found and taken back (RFC 8985), and what recovery may send (RFC 6937).
#include <gtest/gtest.h>

#include "net/tcp/rate_reduction.hh"
#include "net/tcp/scoreboard.hh"

namespace osv::net::tcp {
namespace {

constexpr u32 mss = 1000;

class Scoreboard : public ::testing::Test {
 protected:
  /// Segments 0 to count - 1, segment i sent at (i + 1) ms.
  void send(u32 count) {
    for (u32 i = 0; i < count; ++i) ASSERT_TRUE(board.sent(i * mss, (i + 1) * mss, (i + 1) * millisecond).ok());
  }
  delivery sack(u32 first, u32 end, nanoseconds time) {
    delivery d;
    board.sack({first * mss, end * mss}, time, d);
    return d;
  }
  bool detect(nanoseconds time, nanoseconds window, nanoseconds* wait = nullptr) {
    bool found = false;
    const nanoseconds next = board.detect_losses(time, window, found);
    if (wait) *wait = next;
    return found;
  }
  scoreboard board;
};

TEST_F(Scoreboard, FindsWhatWasSentBeforeADelivery) {
  send(10);
  EXPECT_EQ(sack(5, 6, 26 * millisecond).sacked, mss);  // a round trip of 20 ms
  EXPECT_TRUE(detect(26 * millisecond, 0));
  EXPECT_EQ(board.lost(), 5 * mss);
  EXPECT_EQ(board.in_flight(), 4 * mss);
  EXPECT_EQ(board.first_lost()->start, 0u);
}

TEST_F(Scoreboard, WaitsForTheReorderingWindow) {
  send(10);
  sack(5, 6, 26 * millisecond);
  nanoseconds wait = 0;
  EXPECT_TRUE(detect(26 * millisecond, 3 * millisecond, &wait));
  EXPECT_EQ(board.lost(), 3 * mss);  // sent at 1, 2 and 3 ms
  EXPECT_EQ(wait, millisecond);
}

TEST_F(Scoreboard, WhatIsNoLongerLostIsFoundAgainInTheOrderOfTime) {
  send(10);
  sack(5, 6, 26 * millisecond);
  EXPECT_TRUE(detect(26 * millisecond, 0));
  sent_record* first = board.first_lost();
  board.resent(*first, 26 * millisecond);
  board.unmark_lost();
  EXPECT_EQ(board.lost(), 0u);
  EXPECT_EQ(board.in_flight(), 9 * mss);
  // Segments 1 and 2 are due, 3 and 4 are not yet: the look must not stop at a later one before it has seen them.
  nanoseconds wait = 0;
  EXPECT_TRUE(detect(26 * millisecond, 3 * millisecond, &wait));
  EXPECT_EQ(board.lost(), 2 * mss);
  EXPECT_EQ(board.first_lost()->start, mss);
  EXPECT_EQ(wait, millisecond);
}

TEST_F(Scoreboard, ATimeOutLeavesAloneWhatWasSentLately) {
  send(10);
  board.mark_all_lost(false, 5 * millisecond);
  EXPECT_EQ(board.lost(), 5 * mss);
  EXPECT_EQ(board.in_flight(), 5 * mss);
  board.unmark_lost();
  EXPECT_EQ(board.in_flight(), 10 * mss);
  board.mark_all_lost(false, 0);  // the oldest in any case
  EXPECT_EQ(board.lost(), mss);
}

TEST_F(Scoreboard, ForgetsPromisesOfAPeerThatBrokeThem) {
  send(4);
  sack(0, 2, 20 * millisecond);
  board.mark_all_lost(true, 100 * millisecond);
  EXPECT_EQ(board.sacked(), 0u);
  EXPECT_EQ(board.lost(), 4 * mss);
}

TEST_F(Scoreboard, KnowsALateOriginal) {
  send(10);
  sack(5, 6, 26 * millisecond);
  EXPECT_TRUE(detect(26 * millisecond, 0));
  const delivery d = sack(2, 3, 30 * millisecond);
  EXPECT_TRUE(d.lost_recovered);
  EXPECT_TRUE(board.reordering_seen);
  EXPECT_EQ(board.lateness, 7 * millisecond);  // 27 ms on the way instead of 20
}

TEST(RateReduction, SendsInProportionAboveTheThreshold) {
  rate_reduction r;
  r.start(19 * mss, mss, mss);  // 20 on the way, one lost, down to 14
  u64 in_flight = 19 * mss, sent = 0;
  for (u32 i = 0; i < 19; ++i) {
    in_flight -= mss;
    r.acknowledged(mss, in_flight, 14 * mss, mss, false);
    while (in_flight + mss <= r.window()) {
      in_flight += mss;
      sent += mss;
      r.sent(mss);
    }
  }
  EXPECT_EQ(sent, 14 * mss);
  EXPECT_EQ(in_flight, 14 * mss);
}

TEST(RateReduction, RefillsSlowlyBelowTheThreshold) {
  rate_reduction r;
  r.start(4 * mss, 16 * mss, mss);  // most of it was lost at once
  EXPECT_EQ(r.window(), 5 * mss);   // one goes again in any case, not all sixteen
  r.acknowledged(mss, 3 * mss, 14 * mss, mss, false);
  EXPECT_EQ(r.window(), 4 * mss);   // as much as left
  r.sent(mss);
  r.acknowledged(mss, 3 * mss, 14 * mss, mss, true);
  EXPECT_EQ(r.window(), 5 * mss);   // and one more on good news
}

}  // namespace
}  // namespace osv::net::tcp
