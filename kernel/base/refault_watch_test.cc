#include "base/refault_watch.hh"

#include <gtest/gtest.h>

namespace osv {

namespace {

/// Drops and reads `pages` pages again and again for `time`; each read takes `wait`, and the program runs for `run` after it.
/// Returns when the watch lost patience, or -1.
nanoseconds thrash(refault_watch& watch, u64 pages, nanoseconds time, nanoseconds wait, nanoseconds run, nanoseconds from = second) {
  u64 next = 0;
  for (nanoseconds now = from; now < from + time;) {
    const u64 page = next++ % pages;
    watch.dropped(&watch, page);
    watch.read(&watch, page);
    const nanoseconds begin = now;
    now += wait;
    if (watch.stalled(begin, now, pages)) return now;
    now += run;
  }
  return -1;
}

}  // namespace

TEST(refault_watch, counts_a_page_once_for_each_time_it_was_dropped) {
  refault_watch watch;
  watch.read(&watch, 7);
  EXPECT_EQ(0u, watch.refaults());
  watch.dropped(&watch, 7);
  watch.read(&watch, 8);
  EXPECT_EQ(0u, watch.refaults());
  watch.read(&watch, 7);
  watch.read(&watch, 7);
  EXPECT_EQ(1u, watch.refaults());
}

TEST(refault_watch, loses_patience_with_a_program_that_only_reads_again) {
  refault_watch watch;
  const nanoseconds end = thrash(watch, 20, 60 * second, 4 * millisecond, 100 * microsecond);
  EXPECT_GE(end, 20 * second);
  EXPECT_LE(end, 23 * second);
}

TEST(refault_watch, is_patient_while_the_program_gets_on) {
  refault_watch watch;
  EXPECT_EQ(-1, thrash(watch, 20, 120 * second, 4 * millisecond, 6 * millisecond));
}

TEST(refault_watch, is_patient_with_a_slow_disk) {
  refault_watch watch;
  EXPECT_EQ(-1, thrash(watch, 100, 120 * second, 200 * millisecond, 0));
}

TEST(refault_watch, does_not_judge_a_machine_with_room_for_files) {
  refault_watch watch;
  EXPECT_EQ(-1, thrash(watch, 400, 60 * second, millisecond, 0));
}

TEST(refault_watch, begins_anew_after_a_rest) {
  refault_watch watch;
  EXPECT_EQ(-1, thrash(watch, 20, 15 * second, 4 * millisecond, 0));
  EXPECT_EQ(-1, thrash(watch, 20, 15 * second, 4 * millisecond, 0, 30 * second));
}

}  // namespace osv
