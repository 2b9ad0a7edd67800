// All live threads, for /proc, the management API and signals to the process.
#include "lock/spin_lock.hh"
#include "sched/run_queue.hh"

namespace osv::sched {

namespace {
struct thread_list {
  list<thread, &thread::all_hook> threads;
  u32 count = 0;
};
lock::guarded<thread_list, lock::irq_spin_lock>& all() {
  static lock::guarded<thread_list, lock::irq_spin_lock> instance{lock::rank::leaf};
  return instance;
}
}  // namespace

void add_to_all(thread& t) {
  all().with([&t](thread_list& l) {
    l.threads.push_back(t);
    ++l.count;
  });
}

void remove_from_all(thread& t) {
  all().with([&t](thread_list& l) {
    if (!t.all_hook.is_linked()) return;
    t.all_hook.unlink();
    --l.count;
  });
}

void for_each_thread(function_ref<void(thread&)> f) {
  all().with([&f](thread_list& l) {
    for (thread& t : l.threads) f(t);
  });
}

u32 thread_count() {
  return all().with([](thread_list& l) { return l.count; });
}

}  // namespace osv::sched
