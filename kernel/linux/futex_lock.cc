#include "linux/futex_lock.hh"

#include "base/list.hh"
#include "linux/futex_memory.hh"
#include "linux/task.hh"
#include "lock/spin_lock.hh"
#include "sched/clock.hh"
#include "sched/thread.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::linux_abi {

namespace {

enum class wait_state : u8 { waiting, owns, faulted };

struct lock_waiter {
  list_hook hook;
  futex_word word;
  task& waiting;
  u32 owner = 0;  // under the bucket's lock
  std::atomic<wait_state> state{wait_state::waiting};
};

struct bucket {
  lock::spin_lock lock{lock::rank::futex};
  list<lock_waiter, &lock_waiter::hook> waiters;
};

constexpr usize bucket_count = 64;
bucket buckets[bucket_count];

bucket& bucket_of(const futex_key& key) { return buckets[((key.place >> 2) + (key.object >> 6)) * 0x9e3779b97f4a7c15 >> 58]; }

lock_waiter* first_waiter(bucket& b, const futex_key& key) {
  for (lock_waiter& w : b.waiters)
    if (w.word.key == key) return &w;
  return nullptr;
}

/// Lock held. The waiter may be gone as soon as its state is set, so its thread is taken down first.
void finish(lock_waiter& w, wait_state state) {
  w.hook.unlink();
  sched::thread* thread = w.waiting.thread.get();
  sched::retain(*thread);
  // release: with the acquire in wait_for_lock(), what the last owner wrote is seen by the next one.
  w.state.store(state, std::memory_order_release);
  sched::unpark(*thread);
  sched::release(*thread);
}

/// Lock held. The word, which has `value`, becomes that of the first waiter's; false if its page is not there.
bool pass_on(bucket& b, lock_waiter& first, u32& value, u32 flags, bool& exchanged) {
  const u32 next = first.waiting.id | lock_word::waiters | flags;
  if (!exchange_futex(first.word.address, value, next, exchanged)) return false;
  if (!exchanged) return true;
  for (lock_waiter& other : b.waiters) {
    if (other.word.key != first.word.key) continue;
    other.owner = first.waiting.id;
    if (&other != &first) first.waiting.locks_awaited.store(true, std::memory_order_relaxed);
  }
  finish(first, wait_state::owns);
  return true;
}

enum class attempt : u8 { taken, queued, blocked, page_missing };

/// Lock held. Takes the lock if nobody has it; else says who, and with `self` marks the word and queues.
result<attempt> try_or_queue(bucket& b, const futex_word& word, u32 id, u32& owner, lock_waiter* self) {
  u32 value;
  if (!load_futex(word.address, value)) return attempt::page_missing;
  for (;;) {
    owner = value & lock_word::owner_mask;
    if (owner == id) return fail(errc::deadlock);
    if (owner != 0 && !self) return attempt::blocked;
    const u32 kept = value & lock_word::owner_died;
    const u32 next = owner == 0 ? id | kept | (first_waiter(b, word.key) ? lock_word::waiters : 0) : value | lock_word::waiters;
    bool exchanged = next == value;
    if (!exchanged && !exchange_futex(word.address, value, next, exchanged)) return attempt::page_missing;
    if (!exchanged) continue;
    if (owner == 0) return attempt::taken;
    self->owner = owner;
    self->state.store(wait_state::waiting, std::memory_order_relaxed);
    b.waiters.push_back(*self);
    return attempt::queued;
  }
}

/// Whether the waiter still waited, and does so no more.
bool withdraw(bucket& b, lock_waiter& self) {
  lock::guard g(b.lock);
  if (self.state.load(std::memory_order_acquire) != wait_state::waiting) return false;
  self.hook.unlink();
  return true;
}

/// Whether the owner is there and will pass the lock on when it ends, which it does for those that it knows to be `awaited`.
bool lives(u32 owner, bool awaited) {
  bool settled = false;
  const result<> there = with_task(owner, [&](task& t) {
    // seq_cst: see leave() in task.cc.
    if (awaited) t.locks_awaited.store(true, std::memory_order_seq_cst);
    settled = t.locks_settled.load(std::memory_order_seq_cst);
  });
  return there.ok() && !settled;
}

result<> wait_for_lock(bucket& b, lock_waiter& self, nanoseconds deadline) {
  trace::count(trace::counter::futex_waits);
  trace::point::futex_wait(self.word.address, self.owner);
  errc outcome = errc::ok;
  while (self.state.load(std::memory_order_acquire) == wait_state::waiting) {
    if (sched::interrupted(sched::current()))
      outcome = errc::restart_always;
    else if (!sched::park(deadline) && sched::now() >= deadline)
      outcome = errc::timed_out;
    if (outcome == errc::ok) continue;
    if (withdraw(b, self)) return fail(outcome);
    break;
  }
  if (self.state.load(std::memory_order_acquire) == wait_state::faulted) return fail(errc::fault);
  return {};
}

}  // namespace

result<> futex_lock(const futex_word& word, nanoseconds deadline) {
  TRY(check_futex(word.address));
  task& current = current_task();
  bucket& b = bucket_of(word.key);
  lock_waiter self{.word = word, .waiting = current};
  u32 dead = 0;
  for (;;) {
    attempt outcome;
    u32 owner = 0;
    {
      lock::guard g(b.lock);
      outcome = TRY(try_or_queue(b, word, current.id, owner, &self));
    }
    if (outcome == attempt::taken) return {};
    if (outcome == attempt::page_missing) {
      TRY(touch_futex_for_write(word.address));
      continue;
    }
    if (lives(owner, true)) return wait_for_lock(b, self, deadline);
    // Its robust mutexes were marked before it was gone: what the word says now holds.
    if (!withdraw(b, self)) return wait_for_lock(b, self, deadline);
    if (owner == dead) return fail(errc::no_such_process);
    dead = owner;
  }
}

result<> futex_try_lock(const futex_word& word) {
  TRY(check_futex(word.address));
  bucket& b = bucket_of(word.key);
  u32 dead = 0;
  for (;;) {
    attempt outcome;
    u32 owner = 0;
    {
      lock::guard g(b.lock);
      outcome = TRY(try_or_queue(b, word, current_task().id, owner, nullptr));
    }
    if (outcome == attempt::taken) return {};
    if (outcome == attempt::page_missing) {
      TRY(touch_futex_for_write(word.address));
      continue;
    }
    if (lives(owner, false)) return fail(errc::again);
    if (owner == dead) return fail(errc::no_such_process);
    dead = owner;
  }
}

result<> futex_unlock(const futex_word& word) {
  TRY(check_futex(word.address));
  bucket& b = bucket_of(word.key);
  for (;;) {
    {
      lock::guard g(b.lock);
      u32 value;
      bool there = load_futex(word.address, value);
      while (there) {
        if ((value & lock_word::owner_mask) != current_task().id) return fail(errc::not_permitted);
        bool exchanged;
        lock_waiter* next = first_waiter(b, word.key);
        there = next ? pass_on(b, *next, value, 0, exchanged) : exchange_futex(word.address, value, 0, exchanged);
        if (there && exchanged) return {};
      }
    }
    TRY(touch_futex_for_write(word.address));
  }
}

void pass_locks_of_dead(u32 owner) {
  for (bucket& b : buckets) {
    lock::guard g(b.lock);
    for (;;) {
      lock_waiter* next = nullptr;
      for (lock_waiter& w : b.waiters)
        if (w.owner == owner) {
          next = &w;
          break;
        }
      if (!next) break;
      u32 value;
      bool exchanged = false;
      bool there = load_futex(next->word.address, value);
      while (there && !exchanged) there = pass_on(b, *next, value, lock_word::owner_died, exchanged);
      // It was there when the waiter marked the word; the program has taken it away since.
      if (!there) finish(*next, wait_state::faulted);
    }
  }
}

}  // namespace osv::linux_abi
