// Virtual time for tests. While one `virtual_clock` lives:
// - sched::now() and realtime() stand still except where time is advanced;
// - exactly one thread runs at a time (the test's own or one made by sched::spawn), and others run only when it parks,
//   yields, sleeps or ends: a test is the same on every run;
// - when all threads wait, time jumps to the next timer or park deadline; timers fire synchronously, in the waiting thread;
// - when all wait and nothing is to come, the test aborts with the names of the threads: a deadlock.
// Only threads made by sched::spawn while the clock lives take part.
#pragma once

#include "base/function.hh"
#include "base/types.hh"

namespace osv::hosted {

class virtual_clock : pinned {
 public:
  virtual_clock();
  ~virtual_clock();
  /// Lets `by` nanoseconds pass: timers fire and threads run in the order of their deadlines. 0: runs what is due now.
  void advance(nanoseconds by);
  /// Lets other threads run and time jump from event to event until `condition()`, looked at by this thread. False when no
  /// event is left within `at_most` nanoseconds.
  bool run_until(function_ref<bool()> condition, nanoseconds at_most = 60 * second);
};

}  // namespace osv::hosted
