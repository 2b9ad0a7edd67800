#include "hosted/virtual_clock.hh"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hosted/test_controls.hh"
#include "memory/frames.hh"
#include "memory/user_copy.hh"
#include "sched/clock.hh"
#include "sched/timer.hh"
#include "sync/wait_queue.hh"

namespace osv {
namespace {

TEST(VirtualClock, FiresTimersInOrderOfDeadline) {
  hosted::virtual_clock clock;
  static std::vector<nanoseconds> fired;
  fired.clear();
  const auto note = [](sched::timer&) { fired.push_back(sched::now()); };
  const nanoseconds start = sched::now();
  sched::timer a(note), b(note), c(note);
  a.arm(start + 3 * second);
  b.arm(start + 1 * second);
  c.arm(start + 2 * second);
  EXPECT_TRUE(c.cancel());
  EXPECT_FALSE(c.cancel());
  clock.advance(2 * second);
  EXPECT_EQ(fired, (std::vector{start + 1 * second}));
  EXPECT_EQ(sched::now(), start + 2 * second);
  clock.advance(2 * second);
  EXPECT_EQ(fired.back(), start + 3 * second);
  EXPECT_FALSE(a.armed());
}

TEST(VirtualClock, ParkJumpsToTheNextTimer) {
  hosted::virtual_clock clock;
  const nanoseconds start = sched::now();
  sched::thread& self = sched::current();
  sched::timer waker([&self](sched::timer&) { sched::unpark(self); });
  waker.arm(start + 500 * millisecond);
  EXPECT_TRUE(sched::park());
  EXPECT_EQ(sched::now(), start + 500 * millisecond);
  EXPECT_FALSE(sched::park(start + second));
  EXPECT_EQ(sched::now(), start + second);
}

TEST(VirtualClock, ThreadsTakeTurns) {
  hosted::virtual_clock clock;
  static std::string order;
  static sync::wait_queue queue;
  static bool ready;
  order.clear();
  ready = false;
  const auto waiter = sched::spawn("waiter", [] {
    order += "w";
    queue.wait([] { return ready; });
    order += "r";
  });
  ASSERT_TRUE(waiter.ok());
  const auto sleeper = sched::spawn("sleeper", [] {
    sched::sleep_until(sched::now() + second);
    order += "s";
  });
  ASSERT_TRUE(sleeper.ok());
  clock.advance(0);
  EXPECT_EQ(order, "w");
  ready = true;
  queue.wake();
  EXPECT_TRUE(clock.run_until([] { return order.size() == 3; }));
  EXPECT_EQ(order, "wrs");
}

TEST(RealTime, WaitQueueWakesAcrossThreads) {
  static sync::wait_queue queue;
  static std::atomic<bool> ready{false}, seen{false};
  ASSERT_TRUE(sched::spawn("setter", [] {
                ready = true;
                queue.wake();
                queue.wait([] { return seen.load(); });
              }).ok());
  EXPECT_EQ(queue.wait([] { return ready.load(); }), sync::wait_result::ready);
  seen = true;
  queue.wake();
}

TEST(RealTime, WaitEndsAtDeadlineAndOnInterrupt) {
  sync::wait_queue queue;
  EXPECT_EQ(queue.wait([] { return false; }, sched::now() + millisecond), sync::wait_result::timed_out);
  hosted::interrupt(sched::current());
  EXPECT_EQ(queue.wait([] { return false; }), sync::wait_result::interrupted);
  hosted::interrupt(sched::current(), false);
}

TEST(RealTime, TimerFires) {
  static std::atomic<int> fired;
  fired = 0;
  sched::thread& self = sched::current();
  sched::timer t([&self](sched::timer&) {
    ++fired;
    sched::unpark(self);
  });
  t.arm(sched::now() + millisecond);
  while (!fired) sched::park();
  EXPECT_FALSE(t.cancel());
}

TEST(Frames, AllocateReleaseAndFail) {
  memory::frame* f = memory::allocate_frames(3).release();
  EXPECT_TRUE(is_aligned(to_u64(f->address()), page_size << 3));
  EXPECT_EQ(&memory::frame_of_data(f->as<u8>() + 100), f);
  EXPECT_EQ(hosted::allocated_frame_blocks(), 1u);
  memory::retain(*f);
  memory::release(*f);
  memory::release(*f);
  EXPECT_EQ(hosted::allocated_frame_blocks(), 0u);
  hosted::limit_frame_allocations(0);
  EXPECT_EQ(memory::allocate_zeroed_frame().error(), errc::no_memory);
  hosted::limit_frame_allocations(~0ull);
}

TEST(UserCopy, BadRangesFault) {
  char program[16] = "hello", copy[16];
  EXPECT_TRUE(memory::copy_from_program(copy, program, 6).ok());
  EXPECT_EQ(memory::copy_string_from_program(program, 16).value().view(), "hello");
  EXPECT_EQ(memory::copy_string_from_program(program, 3).error(), errc::name_too_long);
  EXPECT_EQ(memory::copy_to_program(nullptr, copy, 1).error(), errc::fault);
  hosted::bad_address_range bad(program + 8, 8);
  EXPECT_EQ(memory::copy_to_program(program, copy, 16).error(), errc::fault);
}

}  // namespace
}  // namespace osv
