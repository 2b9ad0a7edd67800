// One CPU's run queue and what else the scheduler keeps for it.
#pragma once

#include "lock/spin_lock.hh"
#include "sched/scheduler.hh"

namespace osv::lock {

/// Interrupts are already off.
class raw_guard : pinned {
 public:
  explicit raw_guard(raw_spin_lock& l) : lock_(l) { lock_.acquire(); }
  ~raw_guard() { lock_.release(); }

 private:
  raw_spin_lock& lock_;
};

}  // namespace osv::lock

namespace osv::sched {

/// Virtual time for `ticks` of run time: about 10 % less a nice level, as in Linux's weights.
inline u64 weigh(u64 ticks, int nice) {
  if (nice == 0) [[likely]]
    return ticks;
  for (; nice > 0; --nice) ticks += ticks / 4;
  for (; nice < 0; ++nice) ticks -= ticks / 5;
  return ticks;
}

class cpu_scheduler : pinned {
 public:
  struct earlier {
    bool operator()(const thread& a, const thread& b) const {
      if (a.urgent != b.urgent) return a.urgent;
      // Distance, not value: the counter may wrap.
      return static_cast<i64>(a.virtual_runtime - b.virtual_runtime) < 0;
    }
  };

  lock::irq_spin_lock lock{lock::rank::run_queue};
  tree<thread, &thread::run_queue_hook, earlier> queue;  // under `lock`
  std::atomic<u32> queue_length{0};
  u64 minimum_virtual_runtime = 0;  // under `lock`; never goes back
  std::atomic<thread*> incoming{nullptr};
  std::atomic<bool> is_idle{false};

  // Only by the CPU itself, interrupts off:
  thread* idle = nullptr;
  thread* previous = nullptr;            // being switched away from
  thread* dead = nullptr;                // ended, waiting for the idle loop or the next creation to free them
  thread* departing = nullptr;           // being switched away from, and going to another CPU
  thread* vector_state_owner = nullptr;  // whose vector registers are loaded
  u64 slice_end = 0;                     // ticks; 0: no slice is running
  u64 tick_at = 0;                       // ticks; 0: no tick is to come

  /// `lock` is held.
  void insert(thread& t, u64 now_ticks) {
    t.state.store(thread_state::runnable, std::memory_order_relaxed);
    t.queued_at = now_ticks;
    queue.insert(t);
    queue_length.fetch_add(1, std::memory_order_relaxed);
  }
  /// `lock` is held.
  thread* pop() {
    thread* t = queue.first();
    if (!t) return nullptr;
    remove(*t);
    if (static_cast<i64>(t->virtual_runtime - minimum_virtual_runtime) > 0) minimum_virtual_runtime = t->virtual_runtime;
    return t;
  }
  /// For a thread that woke: it may lag behind the others by `bonus` at most, or sleepers would pile up credit.
  void enqueue(thread& t, u64 bonus) {
    lock::raw_guard g(lock);
    const u64 floor = minimum_virtual_runtime - bonus;
    if (static_cast<i64>(t.virtual_runtime - floor) < 0) t.virtual_runtime = floor;
    queue.insert(t);
    queue_length.fetch_add(1, std::memory_order_relaxed);
  }
  /// A waiting thread for CPU `thief`, or nullptr.
  thread* steal(unsigned thief) {
    lock::raw_guard g(lock);
    for (thread* t = queue.first(); t; t = queue.next(*t)) {
      // acquire: its saved state is complete once it is off its CPU.
      if (t->on_cpu.load(std::memory_order_acquire) || !(t->affinity.load(std::memory_order_relaxed) >> thief & 1)) continue;
      remove(*t);
      return t;
    }
    return nullptr;
  }
  /// Virtual time of `t`, not queued, becomes that of the last in the queue unless it is later already. `lock` is held.
  void fall_behind_last(thread& t) {
    const thread* last = queue.last();
    if (last && static_cast<i64>(last->virtual_runtime - t.virtual_runtime) > 0) t.virtual_runtime = last->virtual_runtime;
  }

 private:
  void remove(thread& t) {
    queue.erase(t);
    queue_length.fetch_sub(1, std::memory_order_relaxed);
  }
};

/// Frees what ended threads of this CPU left. Sleeps not; called from places where interrupts are on.
void reap_dead();
/// The list of all threads (sched/thread_list.cc).
void add_to_all(thread& t);
void remove_from_all(thread& t);

}  // namespace osv::sched
