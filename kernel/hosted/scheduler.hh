// The scheduler of hosted tests: kernel threads are threads of the host. Two modes, told apart per thread:
// real time (threads run at once, park waits on a condition variable) and virtual time (hosted/virtual_clock.hh: one thread
// runs at a time, and time jumps to the next event when all of them wait). Internal to hosted/.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/memory.hh"
#include "sched/thread.hh"
#include "sched/timer.hh"

namespace osv::sched {

class thread : public ref_counted<thread> {
 public:
  std::string name;
  std::condition_variable woken;
  bool permit = false;       // an unpark that no park has used yet
  bool interrupted = false;  // a test wants interruptible waits to give up
  bool in_virtual_time = false;
  bool parked = false;                // virtual time only
  nanoseconds parked_until = never;   // virtual time only
};

/// Armed timers by deadline, of both modes.
class timer_queue {
 public:
  void insert(timer& t) { tree_.insert(t); }
  void erase(timer& t) { tree_.erase(t); }
  timer* first() { return tree_.first(); }
  /// Takes out and returns the first timer whose deadline is `now` or earlier.
  timer* take_due(nanoseconds now) {
    timer* t = tree_.first();
    if (!t || t->deadline_ > now) return nullptr;
    tree_.erase(*t);
    t->armed_ = false;
    return t;
  }
  static void call(timer& t) { t.callback_(t); }

 private:
  tree<timer, &timer::hook_, timer::earlier> tree_;
};

}  // namespace osv::sched

namespace osv::hosted {

/// Everything that the threads share, under one lock. Never destroyed: threads may outlive main().
struct scheduler {
  std::mutex mutex;

  bool virtual_time = false;
  nanoseconds virtual_now = second;
  sched::thread* running = nullptr;  // virtual time: the one thread that may run
  std::deque<sched::thread*> runnable;
  std::set<sched::thread*> parked;

  sched::timer_queue timers;
  std::condition_variable timers_changed;
  sched::timer* firing = nullptr;  // real time: its callback runs on the timer thread
  std::condition_variable fired;
  std::thread::id timer_thread;
};

scheduler& the_scheduler();

/// Nanoseconds of the host since the process started.
nanoseconds host_now();

/// Virtual time: gives the processor away and returns when `self` may run again. `self` is in `runnable` or `parked`, or has
/// ended (then nullptr, and this returns at once).
void dispatch(std::unique_lock<std::mutex>& held, sched::thread* self);

/// Virtual time: when the next timer or park deadline comes; `never` if none. The lock is held.
nanoseconds next_event();

}  // namespace osv::hosted
