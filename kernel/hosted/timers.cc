// sched::timer for hosted tests. In real time one thread of the host plays the timer interrupt.
#include <chrono>

#include "hosted/scheduler.hh"
#include "sched/clock.hh"

namespace osv::sched {

using hosted::the_scheduler;

namespace {

void run_timers() {
  auto& s = the_scheduler();
  std::unique_lock held(s.mutex);
  s.timer_thread = std::this_thread::get_id();
  for (;;) {
    timer* first = s.virtual_time ? nullptr : s.timers.first();
    if (!first) {
      s.timers_changed.wait(held);
      continue;
    }
    const nanoseconds wait = first->deadline() - hosted::host_now();
    if (wait > 0) {
      s.timers_changed.wait_for(held, std::chrono::nanoseconds(wait));
      continue;
    }
    timer* due = s.timers.take_due(hosted::host_now());
    s.firing = due;
    held.unlock();
    timer_queue::call(*due);
    held.lock();
    s.firing = nullptr;
    s.fired.notify_all();
  }
}

}  // namespace

void timer::arm(nanoseconds deadline) {
  auto& s = the_scheduler();
  std::unique_lock held(s.mutex);
  if (armed_.exchange(true)) s.timers.erase(*this);
  deadline_ = deadline;
  s.timers.insert(*this);
  static std::once_flag started;
  if (!s.virtual_time) std::call_once(started, [] { std::thread(run_timers).detach(); });
  s.timers_changed.notify_all();
}

bool timer::cancel() {
  auto& s = the_scheduler();
  std::unique_lock held(s.mutex);
  const bool was_armed = armed_.exchange(false);
  if (was_armed) s.timers.erase(*this);
  if (std::this_thread::get_id() != s.timer_thread) s.fired.wait(held, [&] { return s.firing != this; });
  return was_armed;
}

}  // namespace osv::sched
