#include "linux/poll_wait.hh"

namespace osv::linux_abi {

struct poll_wait {
  sched::thread* waiter = &sched::current();
  std::atomic<bool> triggered{false};
};

namespace {

usize check(poll_item* items, usize count) {
  usize found = 0;
  for (usize i = 0; i < count; ++i) {
    items[i].ready = items[i].file ? items[i].file->poll() & items[i].events : 0;
    if (items[i].ready) ++found;
  }
  return found;
}

bool woken(sync::wait_queue::entry& self, u32 key) {
  auto& item = static_cast<poll_item&>(self);
  if (!(key & item.events)) return false;
  item.owner->triggered.store(true, std::memory_order_release);
  sched::unpark(*item.owner->waiter);
  return true;
}

}  // namespace

result<usize> wait_for_files(poll_item* items, usize count, nanoseconds deadline) {
  if (const usize found = check(items, count); found || deadline == 0) return found;
  poll_wait wait;
  for (usize i = 0; i < count; ++i) {
    items[i].source = items[i].file ? items[i].file->poll_queue() : nullptr;
    if (!items[i].source) continue;
    items[i].owner = &wait;
    items[i].wake = woken;
    items[i].source->add(items[i]);
  }
  result<usize> outcome = usize{0};
  for (;;) {
    // Before the question: what happens after it triggers again.
    wait.triggered.store(false, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (const usize found = check(items, count)) {
      outcome = found;
      break;
    }
    if (sched::interrupted(sched::current())) {
      outcome = fail(errc::interrupted);
      break;
    }
    if (deadline != never && sched::now() >= deadline) break;
    if (!wait.triggered.load(std::memory_order_acquire)) sched::park(deadline);
  }
  for (usize i = 0; i < count; ++i)
    if (items[i].source) items[i].source->remove(items[i]);
  return outcome;
}

}  // namespace osv::linux_abi
