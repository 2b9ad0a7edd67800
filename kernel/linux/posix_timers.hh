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

/// One timer. A periodic one re-arms itself from the interrupt; periods missed by then are counted as overruns, so that a short
/// period cannot flood the CPU. One on a CPU-time clock is looked at by the scheduler's tick, a millisecond apart.
class signal_timer : pinned {
 public:
  struct setting {
    nanoseconds value, interval;
  };

  /// `clock` as in clock_gettime(2); of one that counts CPU time, `thread` says whose (0: the process's).
  signal_timer(process& owner, i32 id, i32 clock, u32 thread, const timer_notification& n);
  ~signal_timer() { disarm(); }

  i32 id() const { return id_; }
  /// `absolute`: value is a time of the timer's clock. Returns the old setting.
  setting set(setting wanted, bool absolute);
  setting get();
  /// Expiries that were merged into the signal delivered last (timer_getoverrun(2)).
  i32 overrun();

  /// Looks at the timers that wait for CPU time. In the timer interrupt of a CPU that runs the program.
  static void check_cpu_time(sched::thread& running);

  list_hook hook;
  list_hook armed_hook;  // waiting for CPU time, under the lock of these

 private:
  bool counts_cpu_time() const;
  nanoseconds clock_value() const;
  void arm(nanoseconds at);
  void disarm();  // on return nobody runs expired()
  /// Returns the next expiry, 0 for none.
  nanoseconds expired(nanoseconds now);
  queued_signal* pending_signal();  // signal lock held: this timer's signal if it was not delivered yet
  setting remaining() const;

  process& owner_;
  const i32 id_;
  const i32 clock_;
  const u32 thread_;
  const timer_notification notification_;
  sync::mutex mutex_;
  std::atomic<nanoseconds> next_{0}, interval_{0};  // written with the timer disarmed, or by its interrupt
  // Under the process's signal lock.
  i32 merged_ = 0;        // into the newest signal, which may be pending still
  i32 merged_before_ = 0; // into the one before it
  sched::timer timer_;
};

/// Those of timer_create(2): a new program has none (execve(2)); interval timers stay.
void delete_timers();

}  // namespace osv::linux_abi
