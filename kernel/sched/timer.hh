// One-shot timers. The callback runs in interrupt context on the CPU that armed it: it may wake threads and re-arm,
// and must not sleep.
#pragma once

#include <atomic>

#include "base/function.hh"
#include "base/tree.hh"
#include "base/types.hh"

namespace osv::sched {

class timer : pinned {
 public:
  using callback = inplace_function<void(timer&)>;

  explicit timer(callback c) : callback_(c) {}
  ~timer() { cancel(); }

  /// (Re)arms for `deadline` (CLOCK_MONOTONIC nanoseconds). A deadline in the past fires at once, from the interrupt.
  void arm(nanoseconds deadline);
  /// Disarms. On return the callback is not running on another CPU (unless called from the callback itself).
  /// True if the timer was armed and had not fired.
  bool cancel();
  bool armed() const { return armed_.load(std::memory_order_relaxed); }
  nanoseconds deadline() const { return deadline_; }

 private:
  friend class timer_queue;
  struct earlier {
    bool operator()(const timer& a, const timer& b) const { return a.deadline_ < b.deadline_; }
  };

  tree_hook hook_;
  nanoseconds deadline_ = never;
  std::atomic<bool> armed_{false};
  std::atomic<unsigned> cpu_{0};
  callback callback_;
};

}  // namespace osv::sched
