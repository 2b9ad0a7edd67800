// Wait queues: threads that wait for a condition, and callbacks (epoll) that want to hear of it.
#pragma once

#include "base/list.hh"
#include "lock/spin_lock.hh"
#include "sched/clock.hh"
#include "sched/thread.hh"

namespace osv::sync {

enum class wait_result : u8 { ready, timed_out, interrupted };

class wait_queue : pinned {
 public:
  /// A queue that is woken from another queue's callback (epoll inside poll queues) has a rank of its own.
  explicit wait_queue(lock::rank rank = lock::rank::wait_queue) : lock_(rank) {}

  /// `wake` is called with the queue's lock held and interrupts off; `key` says what happened (poll events).
  /// It returns true if it used an exclusive wake-up up.
  struct entry {
    list_hook hook;
    bool (*wake)(entry& self, u32 key);
    bool exclusive = false;
  };

  void add(entry& e) {
    lock::guard g(lock_);
    if (e.exclusive)
      entries_.push_back(e);
    else
      entries_.push_front(e);
    // seq_cst pairs with the fence in wake(): either the waker sees the entry, or the waiter sees the condition.
    count_.fetch_add(1, std::memory_order_seq_cst);
  }
  void remove(entry& e) {
    lock::guard g(lock_);
    if (e.hook.is_linked()) {
      e.hook.unlink();
      count_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  /// Tells every callback and non-exclusive waiter, and up to `exclusive_count` exclusive ones. Cheap when nobody waits.
  void wake(u32 key = ~0u, unsigned exclusive_count = ~0u) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (count_.load(std::memory_order_relaxed) == 0) return;
    wake_slow(key, exclusive_count);
  }
  void wake_one(u32 key = ~0u) { wake(key, 1); }
  bool has_waiters() const { return count_.load(std::memory_order_relaxed) != 0; }

  /// Sleeps until `condition()` holds; it is evaluated by this thread without the queue's lock.
  template <typename Condition>
  wait_result wait(Condition&& condition, nanoseconds deadline = never, bool interruptible = true, bool exclusive = false) {
    if (condition()) return wait_result::ready;
    thread_entry e(exclusive);
    add(e);
    wait_result outcome;
    for (;;) {
      if (condition()) {
        outcome = wait_result::ready;
        break;
      }
      if (interruptible && sched::interrupted(sched::current())) {
        outcome = wait_result::interrupted;
        break;
      }
      if (deadline != never && sched::now() >= deadline) {
        outcome = wait_result::timed_out;
        break;
      }
      sched::park(deadline);
    }
    remove(e);
    // An exclusive wake-up that came together with a time-out or a signal must not be lost on the others.
    if (exclusive && outcome != wait_result::ready) wake_one();
    return outcome;
  }

 private:
  struct thread_entry : entry {
    explicit thread_entry(bool is_exclusive) : waiter(&sched::current()) {
      wake = [](entry& self, u32) {
        sched::unpark(*static_cast<thread_entry&>(self).waiter);
        return true;
      };
      exclusive = is_exclusive;
    }
    sched::thread* waiter;
  };
  void wake_slow(u32 key, unsigned exclusive_count) {
    lock::guard g(lock_);
    for (entry& e : entries_) {
      const bool used = e.wake(e, key);
      if (e.exclusive && used && --exclusive_count == 0) break;
    }
  }

  lock::irq_spin_lock lock_;
  list<entry, &entry::hook> entries_;
  std::atomic<u32> count_{0};
};

}  // namespace osv::sync
