#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "trace/count.hh"
#include "trace/points.hh"
#include "trace/ring.hh"

namespace osv::trace {
namespace {

std::vector<event> storage(16);

event_ring& ring() {
  event_ring& r = ring_of(0);
  if (!r.provided()) r.provide(storage.data(), storage.size());
  event e;
  while (r.peek(e)) r.take();
  return r;
}

TEST(Tracepoint, AreFoundByName) {
  EXPECT_GE(tracepoints().size(), 20u);
  tracepoint_base* point = find_tracepoint("sched_switch");
  ASSERT_EQ(point, &point::sched_switch);
  EXPECT_EQ(point->argument_count, 3);
  EXPECT_STREQ(point->argument_names[1], "next");
  EXPECT_EQ(find_tracepoint("sched"), nullptr);
  for (tracepoint_base& p : tracepoints()) EXPECT_EQ(find_tracepoint(p.name), &p);
}

TEST(Tracepoint, WritesOnlyWhenEnabled) {
  event_ring& r = ring();
  event e;
  point::sched_wakeup(7, 1);
  EXPECT_FALSE(r.peek(e));
  set_thread_id_source([] { return 42u; });
  set_enabled(point::sched_wakeup, true);
  const u64 hits = point::sched_wakeup.hits;
  point::sched_wakeup(7, 1);
  set_enabled(point::sched_wakeup, false);
  ASSERT_TRUE(r.peek(e));
  EXPECT_EQ(&tracepoints()[e.tracepoint], &point::sched_wakeup);
  EXPECT_EQ(e.thread, 42u);
  EXPECT_EQ(e.arguments[0], 7u);
  EXPECT_EQ(e.arguments[1], 1u);
  EXPECT_EQ(point::sched_wakeup.hits, hits + 1);
  r.take();
  EXPECT_FALSE(r.peek(e));
}

TEST(Tracepoint, FiltersByThreadAndArgument) {
  event_ring& r = ring();
  event e;
  set_thread_id_source([] { return 42u; });
  set_enabled(point::interrupt, true);
  point::interrupt.filter_thread = 41;
  point::interrupt(5);
  EXPECT_FALSE(r.peek(e));
  point::interrupt.filter_thread = 42;
  point::interrupt.filter_argument = 0;
  point::interrupt.filter_value = 6;
  point::interrupt(5);
  EXPECT_FALSE(r.peek(e));
  point::interrupt(6);
  EXPECT_TRUE(r.peek(e));
  point::interrupt.filter_thread = 0;
  point::interrupt.filter_argument = arguments_max;
  set_enabled(point::interrupt, false);
}

TEST(Tracepoint, ShowsNoAddressOfTheKernel) {
  event_ring& r = ring();
  event e;
  const int first = 0, second = 0;
  const auto shown = [&](const int& object) {
    point::mutex_lock(&object);
    EXPECT_TRUE(r.peek(e));
    r.take();
    return e.arguments[0];
  };
  set_enabled(point::mutex_lock, true);
  set_alias_key(1);
  const u64 before = shown(first);
  EXPECT_EQ(shown(first), before);
  EXPECT_NE(shown(second), before);
  EXPECT_LT(before, 1ull << 32);
  EXPECT_NE(static_cast<u32>(before), static_cast<u32>(reinterpret_cast<u64>(&first)));
  set_alias_key(2);
  EXPECT_NE(shown(first), before);
  set_enabled(point::mutex_lock, false);
}

TEST(EventRing, KeepsTheNewestAndCountsTheLost) {
  event_ring& r = ring();
  set_enabled(point::interrupt, true);
  const u64 lost = total(counter::trace_events_lost);
  for (int i = 0; i < 40; ++i) point::interrupt(i);
  set_enabled(point::interrupt, false);
  EXPECT_EQ(total(counter::trace_events_lost) - lost, 24u);
  std::vector<u64> seen;
  for (event e; r.peek(e); r.take()) seen.push_back(e.arguments[0]);
  // One slot is left out, for it might have been in the middle of being overwritten.
  ASSERT_EQ(seen.size(), 15u);
  for (usize i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 25 + i);
}

TEST(EventRing, ReaderNeverSeesATornEvent) {
  static event_ring r;
  static std::vector<event> slots(8);
  r.provide(slots.data(), slots.size());
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (u64 i = 1; i <= 200000; ++i) r.write({i, static_cast<u32>(i), 0, 0, {i, i, i, i}});
    done = true;
  });
  u64 previous = 0;
  for (event e; !done || r.peek(e);) {
    if (!r.peek(e)) continue;
    ASSERT_GT(e.timestamp, previous);
    for (u64 a : e.arguments) ASSERT_EQ(a, e.timestamp);
    previous = e.timestamp;
    r.take();
  }
  writer.join();
  EXPECT_EQ(previous, 200000u);
}

TEST(Count, HistogramBuckets) {
  const auto& values = arch::hosted_values.histograms[static_cast<usize>(histogram::mutex_wait)];
  record(histogram::mutex_wait, 127);
  record(histogram::mutex_wait, 128);
  record(histogram::mutex_wait, -5);
  record(histogram::mutex_wait, 100 * second);
  EXPECT_EQ(values.buckets[0], 2u);
  EXPECT_EQ(values.buckets[1], 1u);
  EXPECT_EQ(values.buckets[histogram_buckets - 1], 1u);
  EXPECT_EQ(values.sum_nanoseconds, 100u * second + 255);
}

}  // namespace
}  // namespace osv::trace
