#include "linux/task.hh"

#include "arch/x86_64/fpu.hh"
#include "linux/futex_lock.hh"
#include "log/log.hh"
#include "memory/frames.hh"
#include "memory/user_copy.hh"
#include "sched/stack_pool.hh"

namespace osv::linux_abi {

void (*program_ended)(const program_end& end) = nullptr;

task& current_task() { return *static_cast<task*>(sched::current().program_data); }
process& current_process() { return current_task().owner; }

result<> with_task(u32 id, function_ref<void(task&)> f) { return with_task(current_process(), id, f); }

result<> with_task(process& p, u32 id, function_ref<void(task&)> f) {
  // It cannot go while it is counted as used.
  task* found = nullptr;
  {
    lock::guard g(p.signal_lock);
    for (task_link& link : p.tasks) {
      task& t = static_cast<task&>(link);
      if (t.id != id) continue;
      found = &t;
      ++t.users;
      break;
    }
  }
  if (!found) return fail(errc::no_such_process);
  f(*found);
  bool last;
  {
    lock::guard g(p.signal_lock);
    last = --found->users == 0 && found->ended;
  }
  if (last) delete found;
  return {};
}

namespace {

void leave_robust_mutexes(task& t);

/// Takes the current task out of its process and frees it with its thread.
[[noreturn]] void leave(task& t) {
  process& p = t.owner;
  leave_robust_mutexes(t);
  // seq_cst, as where a waiter sets the other one and looks at this one: of the two at least one sees the other.
  t.locks_settled.store(true, std::memory_order_seq_cst);
  if (t.locks_awaited.load(std::memory_order_seq_cst)) pass_locks_of_dead(t.id);
  if (t.clear_child_tid) {
    // pthread_join and friends wait for this word to become zero (set_tid_address(2)).
    const u32 zero = 0;
    (void)memory::write_program(reinterpret_cast<void*>(t.clear_child_tid), zero);
    futex_wake(futex_word::at(t.clear_child_tid, true), 1, ~0u);
  }
  bool free_now;
  {
    lock::guard g(p.signal_lock);
    t.hook.unlink();
    t.ended = true;
    free_now = t.users == 0;
    drop_signals(p, t.pending, ~signal_set{0});
    // What this task was told of and did not take is for another one.
    offer_process_signals(p);
  }
  p.task_left.wake();
  // From here on `t` may be freed by a last with_task() user, who may also still look at its thread: the reference goes with it.
  sched::thread& thread = sched::current();
  thread.program_data = nullptr;
  thread.attention.store(0, std::memory_order_relaxed);
  if (free_now) delete &t;
  sched::exit_current();
}

void leave_robust_mutex(task& t, u64 word) {
  auto value = memory::read_program<u32>(reinterpret_cast<const void*>(word));
  if (!value.ok() || (*value & lock_word::owner_mask) != t.id) return;
  const u32 next = (*value & lock_word::waiters) | lock_word::owner_died;
  (void)memory::write_program(reinterpret_cast<void*>(word), next);
  if (*value & lock_word::waiters) futex_wake(futex_word::at(word, true), 1, ~0u);
}

/// get_robust_list(2): tells the waiters of mutexes that this thread still holds.
void leave_robust_mutexes(task& t) {
  if (!t.robust_list) return;
  struct head {
    u64 first;
    i64 offset;
    u64 pending;
  };
  auto list = memory::read_program<head>(reinterpret_cast<const void*>(t.robust_list));
  if (!list.ok()) return;
  u64 entry = list->first;
  constexpr unsigned entries_max = 2048;  // ROBUST_LIST_LIMIT: the list may be circular by mistake
  for (unsigned i = 0; i < entries_max && (entry & ~1ull) != t.robust_list; ++i) {
    auto next = memory::read_program<u64>(reinterpret_cast<const void*>(entry & ~1ull));
    if (entry != list->pending) leave_robust_mutex(t, (entry & ~1ull) + static_cast<u64>(list->offset));
    if (!next.ok()) return;
    entry = *next;
  }
  if (list->pending) leave_robust_mutex(t, (list->pending & ~1ull) + static_cast<u64>(list->offset));
}

/// Signal lock held.
void terminate_other_tasks(process& p) {
  task* self = &current_task();
  for (task_link& link : p.tasks) {
    task& t = static_cast<task&>(link);
    if (&t == self) continue;
    t.thread->attention.fetch_or(sched::attention_bit::terminate, std::memory_order_release);
    interrupt_task(t);
  }
}

[[noreturn]] void end_program(const program_end& end) {
  process& p = current_process();
  bool first;
  {
    lock::guard g(p.signal_lock);
    first = !p.ending.exchange(true, std::memory_order_relaxed);
    if (first) terminate_other_tasks(p);
  }
  // Another thread ends the program already; this one waits for the machine to stop.
  while (!first) sched::park();
  program_ended(end);
  panic("the program ended, but the machine runs on");
}

}  // namespace

bool become_only_task(process& p) {
  {
    lock::guard g(p.signal_lock);
    // No task can be added from here on, and of two that replace the program, or replace and end it, one goes on.
    if (p.ending.load(std::memory_order_relaxed) || p.replacing.exchange(true, std::memory_order_relaxed)) return false;
    terminate_other_tasks(p);
  }
  p.task_left.wait([&p] {
    lock::guard g(p.signal_lock);
    return &p.tasks.front() == &p.tasks.back();
  }, never, false);
  return true;
}

void exit_task(int status) {
  task& t = current_task();
  // One of those that leave at the same time is the last, and knows it.
  if (t.owner.live_tasks.fetch_sub(1, std::memory_order_relaxed) == 1) exit_process(status);
  leave(t);
}

void exit_process(int code) { end_program({false, code & 0xff}); }
void kill_process(int number) { end_program({true, number}); }

void return_with_whole_frame() {
  sched::current().attention.fetch_or(sched::attention_bit::whole_frame, std::memory_order_relaxed);
}

u32 tasks_max() {
  constexpr u64 least = 20, most = 65536;
  const u64 fitting = memory::statistics().total_bytes / 8 / sched::kernel_stack_size;
  return static_cast<u32>(fitting < least ? least : fitting < most ? fitting : most);
}

namespace {

result<task*> add_task(process& p, unique<task> t) {
  t->thread->program_data = t.get();
  t->thread->id = t->id;
  static const u32 limit = tasks_max();
  if (p.live_tasks.load(std::memory_order_relaxed) >= limit) return fail(errc::again);
  lock::guard g(p.signal_lock);
  if (p.ending.load(std::memory_order_relaxed) || p.replacing.load(std::memory_order_relaxed)) return fail(errc::again);
  p.tasks.push_back(*t);
  p.live_tasks.fetch_add(1, std::memory_order_relaxed);
  return t.release();
}

}  // namespace

result<task*> create_first_task(process& p, std::string_view name, void (*entry)(void*), void* argument) {
  unique<task> t = TRY(make_unique<task>(p));
  sched::thread_options options;
  options.name = name;
  options.program = true;
  t->thread = TRY(sched::create_thread(options, entry, argument));
  t->id = p.id;
  return add_task(p, std::move(t));
}

result<task*> create_task(process& p, std::string_view name, const arch::register_frame& start) {
  unique<task> t = TRY(make_unique<task>(p));
  sched::thread_options options;
  options.name = name;
  options.program = true;
  options.affinity = sched::current().affinity.load(std::memory_order_relaxed);
  t->thread = TRY(sched::create_thread(options, &run_task, t.get()));
  t->start = start;
  t->id = p.allocate_thread_id();
  t->blocked = current_task().blocked;
  t->thread->nice = sched::current().nice;
  t->thread->policy = sched::current().policy;
  arch::save_fpu_whole(t->thread->fpu);  // a clone starts with its parent's vector state
  return add_task(p, std::move(t));
}

extern "C" [[noreturn]] void enter_program(arch::register_frame* frame);

void start_program(task& t) { enter_program(&t.start); }

void run_task(void* argument) {
  sched::finish_first_switch();
  task& t = *static_cast<task*>(argument);
  if (t.set_child_tid) {
    arch::enable_interrupts();
    (void)memory::write_program(reinterpret_cast<void*>(t.set_child_tid), t.id);
    arch::disable_interrupts();
  }
  // Signals that came before the first instruction, or the end of the program.
  while (t.thread->attention.load(std::memory_order_acquire)) {
    arch::enable_interrupts();
    deliver_signals(t.start, false);
    arch::disable_interrupts();
  }
  enter_program(&t.start);
}

}  // namespace osv::linux_abi
