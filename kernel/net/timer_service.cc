#include "net/timer_service.hh"

namespace osv::net {

result<> timer_service::start() {
  worker_ = TRY(sched::spawn("net/timers", [this] { run(); }));
  return {};
}

void timer_service::stop() {
  if (!worker_) return;
  stopping_.store(true);
  sched::unpark(*worker_);
  while (!stopped_.load()) sched::yield();
  worker_ = nullptr;
  while (timer_entry* e = tree_.first()) {
    tree_.erase(*e);
    e->queued_.store(never);
    e->timer_release();
  }
}

void timer_service::insert_locked(timer_entry& e, nanoseconds at) {
  e.position_ = at;
  tree_.insert(e);
  e.queued_.store(at, std::memory_order_seq_cst);
}

void timer_service::arm(timer_entry& e, nanoseconds deadline) {
  // seq_cst pairs with fire_due(): either it sees the new deadline, or we see that the entry left the tree.
  e.wanted_.store(deadline, std::memory_order_seq_cst);
  if (e.queued_.load(std::memory_order_seq_cst) <= deadline) return;
  bool first = false;
  {
    lock::guard g(lock_);
    if (e.hook_.is_linked()) {
      if (e.position_ <= deadline) return;
      tree_.erase(e);
    } else {
      e.timer_retain();
    }
    insert_locked(e, deadline);
    first = tree_.first() == &e;
  }
  if (first && worker_) sched::unpark(*worker_);
}

void timer_service::remove(timer_entry& e) {
  e.wanted_.store(never, std::memory_order_relaxed);
  {
    lock::guard g(lock_);
    if (!e.hook_.is_linked()) return;
    tree_.erase(e);
    e.queued_.store(never, std::memory_order_relaxed);
  }
  e.timer_release();
}

nanoseconds timer_service::fire_due() {
  for (;;) {
    timer_entry* due;
    bool fire = false;
    {
      lock::guard g(lock_);
      due = tree_.first();
      const nanoseconds time = now();
      if (!due) return never;
      if (due->position_ > time) return due->position_;
      tree_.erase(*due);
      due->queued_.store(never, std::memory_order_seq_cst);
      const nanoseconds wanted = due->wanted_.load(std::memory_order_seq_cst);
      if (wanted != never && wanted > time) {
        insert_locked(*due, wanted);
        continue;
      }
      fire = wanted != never;
    }
    if (fire) due->timer_fired();
    due->timer_release();
  }
}

void timer_service::run() {
  while (!stopping_.load()) {
    const nanoseconds next = fire_due();
    if (stopping_.load()) break;
    sched::park(next);
  }
  stopped_.store(true);
}

}  // namespace osv::net
