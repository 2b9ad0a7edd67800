// eventfd and timerfd: counting, semaphores, limits, time.
#include "linux/event_file.hh"

#include "linux/test_support.hh"
#include "linux/timer_file.hh"

namespace osv::linux_abi::test {

namespace {

using namespace io::poll_event;

result<u64> take(io::file& file) {
  u64 value = 0;
  io::cursor into(static_cast<void*>(&value), sizeof value);
  TRY(file.read(into));
  return value;
}
result<usize> give(io::file& file, u64 value) {
  io::cursor from(static_cast<const void*>(&value), sizeof value);
  return file.write(from);
}

TEST(event_file, adds_up_and_empties_at_a_read) {
  auto file = make_ref<event_file>(2u, false, io::open_flag::non_blocking).release();
  EXPECT_EQ(in | out, file->poll());
  EXPECT_TRUE(give(*file, 40).ok());
  EXPECT_EQ(42u, take(*file).value());
  EXPECT_EQ(errc::again, error_of(take(*file)));
  EXPECT_EQ(out, file->poll());
}

TEST(event_file, counts_down_as_a_semaphore) {
  auto file = make_ref<event_file>(2u, true, io::open_flag::non_blocking).release();
  EXPECT_EQ(1u, take(*file).value());
  EXPECT_EQ(1u, take(*file).value());
  EXPECT_EQ(errc::again, error_of(take(*file)));
}

TEST(event_file, never_overflows) {
  auto file = make_ref<event_file>(0u, false, io::open_flag::non_blocking).release();
  EXPECT_EQ(errc::invalid, error_of(give(*file, ~0ull)));
  EXPECT_TRUE(give(*file, event_file::value_max).ok());
  EXPECT_EQ(in, file->poll());
  EXPECT_EQ(errc::again, error_of(give(*file, 1)));
  EXPECT_EQ(event_file::value_max, take(*file).value());
}

TEST(event_file, wants_eight_bytes) {
  auto file = make_ref<event_file>(1u, false, 0u).release();
  EXPECT_EQ("error 22", read_some(*file, 7));
  EXPECT_EQ(errc::invalid, error_of(write_text(*file, "short")));
}

TEST(event_file, hands_over_between_threads) {
  auto file = make_ref<event_file>(0u, false, 0u).release();
  std::thread writer([&] {
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(give(*file, 1).ok());
  });
  u64 sum = 0;
  while (sum < 1000) sum += take(*file).value();
  writer.join();
  EXPECT_EQ(1000u, sum);
}

TEST(timer_file, fires_once_and_is_disarmed_then) {
  auto file = make_ref<timer_file>(false, 0u).release();
  file->set({millisecond, 0}, false);
  EXPECT_EQ(1u, take(*file).value());
  EXPECT_EQ(0, file->get().value);
  EXPECT_EQ(0u, file->poll());
}

TEST(timer_file, counts_the_periods_that_passed) {
  auto file = make_ref<timer_file>(false, 0u).release();
  const nanoseconds start = sched::now();
  file->set({millisecond, millisecond}, false);
  u64 sum = 0;
  while (sum < 5) sum += take(*file).value();
  EXPECT_GE(sched::now() - start, 5 * millisecond);
  EXPECT_EQ(millisecond, file->get().interval);
  EXPECT_GT(file->get().value, 0);
}

TEST(timer_file, takes_absolute_times_that_are_past) {
  auto file = make_ref<timer_file>(true, 0u).release();
  file->set({1, 0}, true);
  EXPECT_EQ(1u, take(*file).value());
}

TEST(timer_file, forgets_an_expiry_when_it_is_set_anew) {
  auto file = make_ref<timer_file>(false, io::open_flag::non_blocking).release();
  file->set({1, 0}, false);
  while (!file->poll()) std::this_thread::yield();
  EXPECT_EQ(0, file->set({0, 0}, false).value);
  EXPECT_EQ(errc::again, error_of(take(*file)));
}

}  // namespace
}  // namespace osv::linux_abi::test
