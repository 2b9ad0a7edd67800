#include "linux/futex.hh"

#include "base/list.hh"
#include "linux/futex_memory.hh"
#include "linux/task.hh"
#include "lock/spin_lock.hh"
#include "memory/user_copy.hh"
#include "sched/clock.hh"
#include "sched/thread.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::linux_abi {

namespace {

struct bucket;

struct waiter {
  list_hook hook;
  std::atomic<bucket*> in{nullptr};  // changed with both buckets locked
  futex_key key;                     // under the bucket's lock
  u32 bits;
  sched::thread* thread;
  std::atomic<bool> woken{false};
};

struct bucket {
  lock::spin_lock lock{lock::rank::futex};
  list<waiter, &waiter::hook> waiters;
};

constexpr usize bucket_count = 256;
bucket buckets[bucket_count];

bucket& bucket_of(const futex_key& key) { return buckets[((key.place >> 2) + (key.object >> 6)) * 0x9e3779b97f4a7c15 >> 56]; }

/// Lock held. The waiter may be gone as soon as `woken` is set, so its thread is taken down first.
void wake_one(waiter& w) {
  w.hook.unlink();
  sched::thread* thread = w.thread;
  sched::retain(*thread);
  w.woken.store(true, std::memory_order_release);
  sched::unpark(*thread);
  sched::release(*thread);
}

/// Locks one or two buckets, in order of address.
class two_buckets : pinned {
 public:
  two_buckets(bucket& a, bucket& b) : low_(&a < &b ? a : b), high_(&a < &b ? b : a) {
    arch::disable_preemption();
    low_.lock.acquire();
    if (&low_ != &high_) high_.lock.acquire();
  }
  ~two_buckets() {
    if (&low_ != &high_) high_.lock.release();
    low_.lock.release();
    arch::enable_preemption();
  }

 private:
  bucket& low_;
  bucket& high_;
};

i64 wake_locked(bucket& b, const futex_key& key, u32 count, u32 bits) {
  i64 woken = 0;
  for (waiter& w : b.waiters) {
    if (woken >= count) break;
    if (w.key != key || !(w.bits & bits)) continue;
    wake_one(w);
    ++woken;
  }
  return woken;
}

}  // namespace

futex_word futex_word::at(u64 address, bool shared) {
  futex_word word{address, {0, address}};
  if (!shared) return word;
  const memory::shared_place place = current_process().space.shared_place_of(address);
  if (place.source) word.key = {place.source, place.offset};
  return word;
}

result<> futex_wait(const futex_word& word, u32 expected, u32 bits, nanoseconds deadline) {
  const u64 address = word.address;
  if (bits == 0) return fail(errc::invalid);
  TRY(check_futex(address));
  waiter self;
  self.key = word.key;
  self.bits = bits;
  self.thread = &sched::current();
  bucket& b = bucket_of(word.key);
  self.in.store(&b, std::memory_order_relaxed);
  for (;;) {
    u32 value;
    bool there, queued = false;
    {
      lock::guard g(b.lock);
      there = load_futex(address, value);
      if (there && value == expected) {
        b.waiters.push_back(self);
        queued = true;
      }
    }
    if (queued) break;
    if (there) return fail(errc::again);
    TRY(touch_futex(address));
  }
  trace::count(trace::counter::futex_waits);
  trace::point::futex_wait(address, expected);
  errc outcome = errc::ok;
  while (!self.woken.load(std::memory_order_acquire)) {
    if (sched::interrupted(sched::current())) {
      outcome = deadline == never ? errc::restart : errc::restart_no_handler;
      break;
    }
    if (!sched::park(deadline) && sched::now() >= deadline) {
      outcome = errc::timed_out;
      break;
    }
  }
  if (outcome == errc::ok) {
    // wake_one() is done with us once it let the bucket go: it holds our address until then only for the list.
    return {};
  }
  // A requeue may have moved us: the bucket is found anew until it holds still.
  for (;;) {
    bucket& mine = *self.in.load(std::memory_order_relaxed);
    lock::guard g(mine.lock);
    if (self.woken.load(std::memory_order_acquire)) return {};
    if (self.in.load(std::memory_order_relaxed) != &mine) continue;
    self.hook.unlink();
    break;
  }
  return fail(outcome);
}

i64 futex_wake(const futex_word& word, u32 count, u32 bits) {
  bucket& b = bucket_of(word.key);
  i64 woken;
  {
    lock::guard g(b.lock);
    woken = wake_locked(b, word.key, count, bits);
  }
  if (woken) trace::count(trace::counter::futex_wakes, static_cast<u64>(woken));
  trace::point::futex_wake(word.address, woken);
  return woken;
}

result<i64> futex_requeue(const futex_word& word, const futex_word& target, u32 wake, u32 move, bool compare, u32 expected) {
  const u64 address = word.address;
  TRY(check_futex(address));
  TRY(check_futex(target.address));
  bucket& from = bucket_of(word.key);
  bucket& to = bucket_of(target.key);
  for (;;) {
    {
      two_buckets g(from, to);
      u32 value = expected;
      const bool there = !compare || load_futex(address, value);
      if (there) {
        if (value != expected) return fail(errc::again);
        i64 done = wake_locked(from, word.key, wake, ~0u);
        u32 moved = 0;
        const bool stay = word.key == target.key;  // they are counted where they are
        for (waiter& w : from.waiters) {
          if (moved >= move) break;
          if (w.key != word.key) continue;
          if (stay) {
            ++moved;
            continue;
          }
          w.hook.unlink();
          w.key = target.key;
          w.in.store(&to, std::memory_order_relaxed);
          to.waiters.push_back(w);
          ++moved;
          // Within one bucket the moved waiter comes again at the end of the list, with its new key.
        }
        return done + moved;
      }
    }
    TRY(touch_futex(address));
  }
}

result<i64> futex_wake_op(const futex_word& word, const futex_word& second_word, u32 wake, u32 wake_second, u32 operation) {
  const u64 second = second_word.address;
  TRY(check_futex(word.address));
  TRY(check_futex(second));
  const u32 code = operation >> 28 & 7;
  const bool shift = operation >> 31;
  const u32 comparison = operation >> 24 & 15;
  u32 argument = static_cast<u32>(static_cast<i32>(operation << 8) >> 20);
  const u32 compared = static_cast<u32>(static_cast<i32>(operation << 20) >> 20);
  if (shift) argument = 1u << (argument & 31);
  bucket& first_bucket = bucket_of(word.key);
  bucket& second_bucket = bucket_of(second_word.key);
  for (;;) {
    {
      two_buckets g(first_bucket, second_bucket);
      u32 old = 0;
      bool there = load_futex(second, old);
      while (there) {
        u32 next;
        switch (code) {
          case 0: next = argument; break;
          case 1: next = old + argument; break;
          case 2: next = old | argument; break;
          case 3: next = old & ~argument; break;
          case 4: next = old ^ argument; break;
          default: return fail(errc::not_implemented);
        }
        bool exchanged = false;
        there = exchange_futex(second, old, next, exchanged);
        if (there && exchanged) break;
      }
      if (there) {
        const i32 a = static_cast<i32>(old), b = static_cast<i32>(compared);
        bool holds;
        switch (comparison) {
          case 0: holds = a == b; break;
          case 1: holds = a != b; break;
          case 2: holds = a < b; break;
          case 3: holds = a <= b; break;
          case 4: holds = a > b; break;
          case 5: holds = a >= b; break;
          default: return fail(errc::not_implemented);
        }
        i64 woken = wake_locked(first_bucket, word.key, wake, ~0u);
        if (holds) woken += wake_locked(second_bucket, second_word.key, wake_second, ~0u);
        return woken;
      }
    }
    TRY(touch_futex_for_write(second));
  }
}

}  // namespace osv::linux_abi
