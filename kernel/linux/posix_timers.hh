// Timers that send signals: timer_create(2), setitimer(2), alarm(2).
#pragma once

#include "base/list.hh"
#include "linux/signal.hh"
#include "sched/timer.hh"
#include "sync/mutex.hh"

namespace osv::linux_abi {

/// What happens at each expiry.
struct timer_notification {
  bool silent = false;          // SIGEV_NONE
  i32 signal_number = 0;
  u32 thread = 0;               // SIGEV_THREAD_ID; 0: any thread of the process
  u64 value = 0;                // sigev_value
  bool queued = true;           // false: setitimer's plain kernel signal
};

/// One timer on the monotonic or real clock. A periodic one re-arms itself from the interrupt; periods missed by then are
/// counted as overruns, so that a short period cannot flood the CPU.
class signal_timer : pinned {
 public:
  struct setting {
    nanoseconds value, interval;
  };

  signal_timer(process& owner, i32 id, i32 clock, const timer_notification& n);
  ~signal_timer() { timer_.cancel(); }

  i32 id() const { return id_; }
  /// `absolute`: value is a time of the timer's clock. Returns the old setting.
  setting set(setting wanted, bool absolute);
  setting get();
  i32 overrun() const { return overrun_.load(std::memory_order_relaxed); }

  list_hook hook;

 private:
  void expired();
  setting remaining() const;

  process& owner_;
  const i32 id_;
  const i32 clock_;
  const timer_notification notification_;
  sync::mutex mutex_;
  std::atomic<nanoseconds> next_{0}, interval_{0};  // written with the timer disarmed, or by its interrupt
  std::atomic<i32> overrun_{0};
  sched::timer timer_;
};

}  // namespace osv::linux_abi
