// The timers of one CPU and its hardware timer.
#pragma once

#include "lock/spin_lock.hh"
#include "sched/timer.hh"

namespace osv::sched {

class timer_queue : pinned {
 public:
  /// Fires what is due on this CPU. Timer interrupt.
  static void run_expired();
  /// Makes sure that this CPU's hardware timer fires at `ticks` (time-stamp counter) at the latest. Interrupts off.
  static void arm_hardware_by(u64 ticks);

  /// On the CPU's own queue; interrupts off.
  void insert(timer& t, unsigned cpu);
  /// From any CPU.
  bool remove(timer& t);
  /// remove(), then waits for a callback that runs on another CPU.
  bool cancel_on(timer& t);

 private:
  void fire_due();

  lock::irq_spin_lock lock_{lock::rank::timer};
  tree<timer, &timer::hook_, timer::earlier> timers_;  // under lock_
  std::atomic<timer*> running_{nullptr};               // its callback is being called
  u64 hardware_ticks_ = ~0ull;                         // what the hardware is set to; only by the CPU itself
};

}  // namespace osv::sched
