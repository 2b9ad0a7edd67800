// Spin locks and `guarded<T>`. A holder never sleeps. Ranks give the order in which locks may nest: a thread that holds
// a lock takes only locks of a higher rank (checked in debug builds).
#pragma once

#include <atomic>
#include <utility>

#include "arch/cpu.hh"
#include "base/assert.hh"

namespace osv::lock {

/// Outer locks first.
enum class rank : u8 {
  cpu_timers,  // those that are armed: taken by the scheduler's tick
  process,
  address_space,
  vfs_mount,
  vfs_inode,
  page_cache,
  socket,
  network_table,
  network_device,
  wait_queue,
  epoll,        // ready lists: taken by callbacks in a poll queue
  epoll_queue,  // an instance's own waiters
  futex,
  timer,
  run_queue,
  block_device,
  heap,
  frames,
  log,
  leaf
};

/// The bare lock: no interrupt or preemption handling of its own. Ticket-free test-and-test-and-set.
class raw_spin_lock : pinned {
 public:
  explicit constexpr raw_spin_lock(rank r) : rank_(r) {}
  void acquire() {
    // acquire: what the last holder wrote is visible after the exchange.
    while (locked_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      while (locked_.load(std::memory_order_relaxed)) arch::pause();
  }
  bool try_acquire() { return !locked_.exchange(true, std::memory_order_acquire); }
  void release() { locked_.store(false, std::memory_order_release); }
  bool is_held() const { return locked_.load(std::memory_order_relaxed); }
  rank get_rank() const { return rank_; }

 private:
  std::atomic<bool> locked_{false};
  rank rank_;
};

/// For data that only threads touch: preemption is off while held.
class spin_lock : public raw_spin_lock {
 public:
  using raw_spin_lock::raw_spin_lock;
};

/// For data that interrupts touch too: interrupts are off while held.
class irq_spin_lock : public raw_spin_lock {
 public:
  using raw_spin_lock::raw_spin_lock;
};

template <typename Lock>
class guard;

template <>
class guard<spin_lock> : pinned {
 public:
  explicit guard(spin_lock& l) : lock_(l) {
    arch::disable_preemption();
    lock_.acquire();
  }
  ~guard() {
    lock_.release();
    arch::enable_preemption();
  }

 private:
  spin_lock& lock_;
};

template <>
class guard<irq_spin_lock> : pinned {
 public:
  explicit guard(irq_spin_lock& l) : lock_(l), flags_(arch::save_and_disable_interrupts()) { lock_.acquire(); }
  ~guard() {
    lock_.release();
    arch::restore_interrupts(flags_);
  }

 private:
  irq_spin_lock& lock_;
  u64 flags_;
};

template <typename Lock>
guard(Lock&) -> guard<Lock>;

/// Data that can be reached only with its lock held: `counters.with([](auto& c) { ++c.hits; });`
template <typename T, typename Lock = spin_lock>
class guarded : pinned {
 public:
  template <typename... A>
  explicit guarded(rank r, A&&... arguments) : lock_(r), value_(std::forward<A>(arguments)...) {}
  template <typename F>
  decltype(auto) with(F&& f) {
    guard<Lock> g(lock_);
    return std::forward<F>(f)(value_);
  }
  /// For code that already holds the lock by other means, or runs before there is concurrency.
  T& unguarded() { return value_; }

 private:
  Lock lock_;
  T value_;
};

}  // namespace osv::lock
