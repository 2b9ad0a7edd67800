#include "sched/timer_queue.hh"

#include "arch/cpu.hh"
#include "arch/x86_64/local_apic.hh"
#include "arch/x86_64/tsc.hh"
#include "sched/clock.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::sched {

namespace {
arch::per_cpu<timer_queue> queues;

u64 ticks_of(nanoseconds deadline) {
  const nanoseconds left = deadline - now();
  return arch::timestamp() + (left > 0 ? arch::nanoseconds_to_ticks(left) : 0);
}
}  // namespace

void timer_queue::arm_hardware_by(u64 ticks) {
  timer_queue& q = queues.local();
  if (ticks >= q.hardware_ticks_) return;
  q.hardware_ticks_ = ticks;
  arch::timer_arm(ticks);
}

void timer_queue::insert(timer& t, unsigned cpu) {
  bool first;
  {
    lock::guard g(lock_);
    t.cpu_.store(cpu, std::memory_order_relaxed);
    timers_.insert(t);
    t.armed_.store(true, std::memory_order_relaxed);
    first = timers_.first() == &t;
  }
  if (first) arm_hardware_by(ticks_of(t.deadline_));
}

bool timer_queue::remove(timer& t) {
  lock::guard g(lock_);
  if (!t.armed_.load(std::memory_order_relaxed)) return false;
  timers_.erase(t);
  t.armed_.store(false, std::memory_order_relaxed);
  return true;
}

void timer_queue::fire_due() {
  hardware_ticks_ = ~0ull;
  for (;;) {
    timer* due;
    {
      lock::guard g(lock_);
      due = timers_.first();
      if (!due || due->deadline_ > now()) {
        if (due) arm_hardware_by(ticks_of(due->deadline_));
        return;
      }
      timers_.erase(*due);
      due->armed_.store(false, std::memory_order_relaxed);
      running_.store(due, std::memory_order_relaxed);
    }
    // The timer may be gone once the callback ran and `running_` is cleared: nothing of it is touched afterwards.
    const timer::callback call = due->callback_;
    trace::count(trace::counter::timers_fired);
    trace::point::timer_fire(due->deadline_);
    call(*due);
    // release: cancel() on another CPU sees the callback's effects.
    running_.store(nullptr, std::memory_order_release);
  }
}

bool timer_queue::cancel_on(timer& t) {
  const bool was_armed = remove(t);
  // acquire: pairs with the release in fire_due(). On the queue's own CPU we are either the callback itself or later than it.
  while (running_.load(std::memory_order_acquire) == &t && this != &queues.local()) arch::pause();
  return was_armed;
}

void timer_queue::run_expired() { queues.local().fire_due(); }

void timer::arm(nanoseconds deadline) {
  cancel();
  arch::interrupt_guard guard;
  deadline_ = deadline;
  queues.local().insert(*this, arch::cpu_id());
}

bool timer::cancel() {
  timer_queue& q = queues[cpu_.load(std::memory_order_relaxed)];
  return q.cancel_on(*this);
}

}  // namespace osv::sched
