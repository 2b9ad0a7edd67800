// A sleeping lock. Uncontended: one compare-and-swap. Contended: spins briefly while the owner may be running, then parks.
#pragma once

#include <atomic>

#include "lock/spin_lock.hh"
#include "sync/wait_queue.hh"
#include "trace/points.hh"

namespace osv::sync {

class mutex : pinned {
 public:
  mutex() = default;

  void lock() {
    u32 expected = 0;
    // acquire: what the last holder wrote is visible.
    if (!state_.compare_exchange_strong(expected, 1, std::memory_order_acquire, std::memory_order_relaxed)) [[unlikely]]
      lock_slow();
    else
      trace::point::mutex_lock(this);
  }
  bool try_lock() {
    u32 expected = 0;
    return state_.compare_exchange_strong(expected, 1, std::memory_order_acquire, std::memory_order_relaxed);
  }
  void unlock() {
    if (state_.exchange(0, std::memory_order_release) == 2) [[unlikely]]
      waiters_.wake_one();
  }
  bool is_locked() const { return state_.load(std::memory_order_relaxed) != 0; }

 private:
  void lock_slow();  // counts mutex_contended and the time waited; tracepoint mutex_lock_wait

  std::atomic<u32> state_{0};  // 0 free, 1 held, 2 held and somebody may wait
  wait_queue waiters_;
};

class mutex_guard : pinned {
 public:
  explicit mutex_guard(mutex& m) : mutex_(&m) { mutex_->lock(); }
  ~mutex_guard() {
    if (mutex_) mutex_->unlock();
  }
  /// Unlocks before the end of the scope.
  void unlock() {
    mutex_->unlock();
    mutex_ = nullptr;
  }

 private:
  mutex* mutex_;
};

/// Data that can be reached only with its mutex held.
template <typename T>
class guarded : pinned {
 public:
  template <typename... A>
  explicit guarded(A&&... arguments) : value_(std::forward<A>(arguments)...) {}
  template <typename F>
  decltype(auto) with(F&& f) {
    mutex_guard g(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  mutex mutex_;
  T value_;
};

}  // namespace osv::sync
