#include "sync/mutex.hh"

#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::sync {

void mutex::lock_slow() {
  trace::count(trace::counter::mutex_contended);
  const nanoseconds from = sched::now();
  waiters_.wait(
      [this] {
        // 2 announces a waiter, so that unlock() wakes; taking the lock this way costs one useless wake-up at most.
        return state_.exchange(2, std::memory_order_acquire) == 0;
      },
      never, false, true);
  const nanoseconds waited = sched::now() - from;
  trace::count(trace::counter::mutex_wait_nanoseconds, static_cast<u64>(waited));
  trace::record(trace::histogram::mutex_wait, waited);
  trace::point::mutex_lock_wait(this, waited);
}

}  // namespace osv::sync
