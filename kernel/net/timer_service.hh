// Timers of the stack: one kernel thread and a tree of deadlines. Made for deadlines that move much oftener than they pass:
// moving one later costs a store; the tree entry is corrected when its old time comes.
#pragma once

#include <atomic>

#include "base/memory.hh"
#include "base/tree.hh"
#include "lock/spin_lock.hh"
#include "sched/clock.hh"
#include "sched/thread.hh"

namespace osv::net {

inline nanoseconds now() { return sched::now(); }

/// One deadline of an object that counts references; the tree holds one while the entry is in it.
class timer_entry : pinned {
 public:
  /// Called in the timer thread, with no lock held, when the deadline has passed. The entry is disarmed then.
  virtual void timer_fired() = 0;
  virtual void timer_retain() = 0;
  virtual void timer_release() = 0;

 protected:
  ~timer_entry() = default;

 private:
  friend class timer_service;
  tree_hook hook_;
  nanoseconds position_ = never;             // key while in the tree; under the service's lock
  std::atomic<nanoseconds> queued_{never};   // position_ for readers without the lock; never: not in the tree
  std::atomic<nanoseconds> wanted_{never};
};

class timer_service : pinned {
 public:
  result<> start();
  /// Ends the thread and waits for it; drops the tree's references. Tests only.
  void stop();

  /// Asks for timer_fired() at `deadline` (CLOCK_MONOTONIC); `never` disarms. Calls for one entry are serialised by its owner.
  void arm(timer_entry& e, nanoseconds deadline);
  /// Takes the entry out for good: the tree's reference is dropped now, not at the old deadline.
  void remove(timer_entry& e);

 private:
  struct earlier {
    bool operator()(const timer_entry& a, const timer_entry& b) const { return a.position_ < b.position_; }
  };
  void run();
  nanoseconds fire_due();
  void insert_locked(timer_entry& e, nanoseconds at);

  lock::spin_lock lock_{lock::rank::timer};
  tree<timer_entry, &timer_entry::hook_, earlier> tree_;
  ref<sched::thread> worker_;
  std::atomic<bool> stopping_{false}, stopped_{false};
};

}  // namespace osv::net
