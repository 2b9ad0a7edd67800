#include "sched/scheduler.hh"

#include "arch/x86_64/features.hh"
#include "arch/x86_64/fpu.hh"
#include "arch/x86_64/interrupt_vectors.hh"
#include "arch/x86_64/local_apic.hh"
#include "arch/x86_64/registers.hh"
#include "arch/x86_64/tsc.hh"
#include "lock/spin_lock.hh"
#include "sched/clock.hh"
#include "sched/run_queue.hh"
#include "sched/stack_pool.hh"
#include "sched/timer_queue.hh"
#include "trace/count.hh"
#include "trace/points.hh"

extern "C" void switch_stacks(osv::u64* save, osv::u64 load);

namespace osv::sched {

static_assert(offsetof(thread, attention) == 4, "entry.S reads it at every return from a system call");

void (*before_leaving_idle)() = nullptr;
void (*program_tick)(thread& running) = nullptr;

namespace {

arch::per_cpu<cpu_scheduler> schedulers;
constinit std::atomic<u64> ended_program_ticks{0};  // run time of the program's threads that are gone

u64 wake_up_bonus;   // ticks of virtual time that a sleeper may lag behind
u64 slice;           // ticks a thread runs before an equal one may take over
u64 wake_up_granularity;

constinit std::atomic<bool> ticking{false};
constexpr nanoseconds tick = millisecond;

cpu_scheduler& local() { return schedulers.local(); }

void load_thread_state(thread& next, cpu_scheduler& s) {
  arch::cpu_block& cpu = arch::this_cpu();
  cpu.current = &next;
  cpu.kernel_stack_top = next.kernel_stack_top;
  if (!next.fpu) return;
  if (arch::features.fsgsbase)
    asm volatile("wrfsbase %0" ::"r"(next.fs_base));
  else
    arch::write_msr(arch::msr::fs_base, next.fs_base);
  // Its registers are still loaded if nobody used the unit here since, and it did not run elsewhere meanwhile.
  if (s.vector_state_owner != &next || next.vector_state_cpu != cpu.id) {
    arch::restore_fpu(next.fpu);
    s.vector_state_owner = &next;
    next.vector_state_cpu = cpu.id;
  }
}

void save_thread_state(thread& previous) {
  if (!previous.fpu) return;
  // FS base: the program may have used WRFSBASE itself where it is enabled.
  if (arch::features.fsgsbase) asm volatile("rdfsbase %0" : "=r"(previous.fs_base));
  arch::save_fpu(previous.fpu);
}

void make_runnable(thread& t);

/// Runs on the new thread's stack, interrupts off.
void finish_switch(cpu_scheduler& s) {
  thread* previous = s.previous;
  s.previous = nullptr;
  if (!previous) return;
  const bool ended = previous->state.load(std::memory_order_relaxed) == thread_state::ended;
  // release: whoever sees on_cpu false may run the thread on another CPU and must see its saved state.
  previous->on_cpu.store(false, std::memory_order_release);
  if (ended) {
    previous->next_incoming = s.dead;
    s.dead = previous;
  }
  if (previous == s.departing) {
    s.departing = nullptr;
    make_runnable(*previous);
  }
}

void switch_to(cpu_scheduler& s, thread& next, u64 now_ticks) {
  thread& previous = current();
  trace::count(trace::counter::context_switches);
  ++previous.context_switches;
  const thread_state left_as = previous.state.load(std::memory_order_relaxed);
  trace::point::sched_switch(previous.id, next.id, left_as == thread_state::running || left_as == thread_state::runnable);
  next.state.store(thread_state::running, std::memory_order_relaxed);
  next.on_cpu.store(true, std::memory_order_relaxed);
  next.started_running = now_ticks;
  if (previous.idle && before_leaving_idle) before_leaving_idle();
  save_thread_state(previous);
  s.previous = &previous;
  load_thread_state(next, s);
  switch_stacks(&previous.stack_pointer, next.stack_pointer);
  // Perhaps on another CPU now.
  finish_switch(local());
}

/// Moves threads that other CPUs woke for us into the queue. Interrupts off.
void take_incoming(cpu_scheduler& s) {
  if (!s.incoming.load(std::memory_order_relaxed)) return;
  // acquire: the waker's writes to the threads are visible.
  thread* chain = s.incoming.exchange(nullptr, std::memory_order_acquire);
  while (chain) {
    thread* t = chain;
    chain = t->next_incoming;
    t->next_incoming = nullptr;
    s.enqueue(*t, wake_up_bonus);
  }
}

void arm_slice(cpu_scheduler& s, u64 now_ticks) {
  if (s.slice_end != 0 || s.queue_length.load(std::memory_order_relaxed) == 0) return;
  s.slice_end = now_ticks + slice;
  timer_queue::arm_hardware_by(s.slice_end);
}

/// For the thread that runs from now on.
void arm_tick(cpu_scheduler& s, const thread& running, u64 now_ticks) {
  if (!ticking.load(std::memory_order_relaxed)) [[likely]]
    return;
  if (!running.program_data || s.tick_at) return;
  s.tick_at = now_ticks + arch::nanoseconds_to_ticks(tick);
  timer_queue::arm_hardware_by(s.tick_at);
}

void charge(thread& t, u64 now_ticks) {
  const u64 ran = now_ticks - t.started_running;
  t.started_running = now_ticks;
  t.total_runtime += ran;
  t.virtual_runtime += weigh(ran, t.nice);
}

/// Tries to take a waiting thread from another CPU.
thread* pull(cpu_scheduler& s, unsigned self) {
  for (unsigned i = 1; i < arch::cpu_count; ++i) {
    const unsigned other = (self + i) % arch::cpu_count;
    cpu_scheduler& o = schedulers[other];
    if (o.queue_length.load(std::memory_order_relaxed) == 0) continue;
    if (thread* t = o.steal(self)) {
      trace::count(trace::counter::migrations);
      trace::point::sched_migrate(t->id, other, self);
      t->cpu.store(self, std::memory_order_relaxed);
      // Keep the distance to the others in the new queue.
      t->virtual_runtime = s.minimum_virtual_runtime;
      return t;
    }
  }
  return nullptr;
}

/// Chooses and runs the next thread. Interrupts off, preemption depth zero. The current thread's state says whether it wants to
/// run on (running), sleep (parked) or is gone (ended). `behind_all`: it goes behind everybody who waits now.
void schedule(cpu_scheduler& s, bool behind_all = false) {
  thread& previous = current();
  const u64 now_ticks = arch::timestamp();
  arch::this_cpu().reschedule = 0;
  if (!previous.idle) charge(previous, now_ticks);
  take_incoming(s);
  if (s.slice_end && now_ticks >= s.slice_end) s.slice_end = 0;
  thread* next;
  {
    lock::raw_guard g(s.lock);
    if (previous.state.load(std::memory_order_relaxed) == thread_state::running && !previous.idle) {
      if (previous.affinity.load(std::memory_order_relaxed) >> arch::cpu_id() & 1) {
        if (behind_all) s.fall_behind_last(previous);
        s.insert(previous, now_ticks);
      } else {
        // It may not be here. Where it goes it can run only once its stack is left: finish_switch() sends it off.
        previous.state.store(thread_state::runnable, std::memory_order_relaxed);
        s.departing = &previous;
      }
    }
    next = s.pop();
  }
  if (!next) {
    next = pull(s, arch::cpu_id());
    if (!next) next = s.idle;
  }
  arm_slice(s, now_ticks);
  arm_tick(s, *next, now_ticks);
  if (next == &previous) {
    previous.state.store(thread_state::running, std::memory_order_relaxed);
    return;
  }
  if (!next->idle) {
    const u64 waited = now_ticks > next->queued_at ? now_ticks - next->queued_at : 0;
    trace::record_with_interrupts_off(trace::histogram::run_queue_latency, arch::ticks_to_nanoseconds(waited));
  }
  switch_to(s, *next, now_ticks);
}

/// Picks the CPU for a thread that wakes: its last one, or an idle one when that is busy.
unsigned choose_cpu(thread& t) {
  const unsigned last = t.cpu.load(std::memory_order_relaxed);
  if (arch::cpu_count == 1) return last;
  const cpu_mask allowed = t.affinity.load(std::memory_order_relaxed);
  // A thread that is still on its CPU must go back there: its stack is in use.
  if (t.on_cpu.load(std::memory_order_acquire)) return last;
  const bool last_allowed = allowed >> last & 1;
  if (last_allowed && schedulers[last].is_idle.load(std::memory_order_relaxed)) return last;
  for (unsigned i = 0; i < arch::cpu_count; ++i)
    if (allowed >> i & 1 && schedulers[i].is_idle.load(std::memory_order_relaxed)) return i;
  if (last_allowed) return last;
  for (unsigned i = 0; i < arch::cpu_count; ++i)
    if (allowed >> i & 1) return i;
  return last;
}

/// The thread's state is already runnable and nobody else may queue it.
void make_runnable(thread& t) {
  arch::interrupt_guard guard;
  const unsigned self = arch::cpu_id();
  const unsigned target = choose_cpu(t);
  t.queued_at = arch::timestamp();
  t.cpu.store(target, std::memory_order_relaxed);
  trace::point::sched_wakeup(t.id, target);
  cpu_scheduler& s = schedulers[target];
  if (target == self) {
    s.enqueue(t, wake_up_bonus);
    thread& running = current();
    if (running.idle || t.urgent || t.virtual_runtime + wake_up_granularity < running.virtual_runtime + (arch::timestamp() - running.started_running))
      arch::this_cpu().reschedule = 1;
    else
      arm_slice(s, t.queued_at);
    return;
  }
  trace::count(trace::counter::wake_ups_remote);
  thread* head = s.incoming.load(std::memory_order_relaxed);
  do {
    t.next_incoming = head;
    // seq_cst: pairs with the idle loop, which announces idleness before it looks at the list for the last time.
  } while (!s.incoming.compare_exchange_weak(head, &t, std::memory_order_seq_cst, std::memory_order_relaxed));
  if (!head) arch::send_ipi(target, arch::vector_reschedule);
}

}  // namespace

thread& current() {
  thread* t;
  asm("movq %%gs:24, %0" : "=r"(t));
  return *t;
}

void yield() {
  arch::interrupt_guard guard;
  cpu_scheduler& s = local();
  if (s.queue_length.load(std::memory_order_relaxed) || s.incoming.load(std::memory_order_relaxed)) schedule(s, true);
}

bool park(nanoseconds deadline) {
  thread& t = current();
  if (t.wake_token.load(std::memory_order_relaxed) && t.wake_token.exchange(false, std::memory_order_acquire)) return true;
  if (deadline == never) {
    arch::interrupt_guard guard;
    t.state.store(thread_state::parked, std::memory_order_seq_cst);
    // seq_cst pairs with unpark(): either it sees `parked`, or we see its token.
    if (t.wake_token.exchange(false, std::memory_order_seq_cst)) {
      thread_state expected = thread_state::parked;
      if (t.state.compare_exchange_strong(expected, thread_state::running, std::memory_order_acq_rel)) return true;
      // The waker already moved us to `runnable` and queued us: go through the queue.
    }
    schedule(local());
    t.wake_token.store(false, std::memory_order_relaxed);
    return true;
  }
  if (now() >= deadline) return false;
  bool fired = false;
  struct wake_context {
    thread* sleeper;
    bool* flag;
  } context{&t, &fired};
  timer alarm([context](timer&) {
    __atomic_store_n(context.flag, true, __ATOMIC_RELAXED);
    unpark(*context.sleeper);
  });
  alarm.arm(deadline);
  park(never);
  alarm.cancel();
  return !__atomic_load_n(&fired, __ATOMIC_RELAXED);
}

void unpark(thread& t) {
  // seq_cst: see park().
  t.wake_token.store(true, std::memory_order_seq_cst);
  thread_state expected = thread_state::parked;
  if (t.state.load(std::memory_order_seq_cst) != thread_state::parked) return;
  if (!t.state.compare_exchange_strong(expected, thread_state::runnable, std::memory_order_acq_rel)) return;
  trace::count(trace::counter::wake_ups);
  make_runnable(t);
  if (arch::this_cpu().reschedule && arch::interrupts_enabled() && arch::preemption_enabled()) arch::preempt_if_wanted();
}

void start(thread& t) {
  t.retain();  // the scheduler's own, dropped when the ended thread is reaped
  trace::count(trace::counter::threads_created);
  trace::point::thread_create(t.id);
  t.state.store(thread_state::runnable, std::memory_order_relaxed);
  {
    arch::interrupt_guard guard;
    t.cpu.store(arch::cpu_id(), std::memory_order_relaxed);
    t.virtual_runtime = local().minimum_virtual_runtime;
  }
  make_runnable(t);
}

void exit_current() {
  arch::disable_interrupts();
  thread& t = current();
  trace::point::thread_exit(t.id);
  if (t.fpu) ended_program_ticks.fetch_add(t.total_runtime + (arch::timestamp() - t.started_running), std::memory_order_relaxed);
  remove_from_all(t);
  t.state.store(thread_state::ended, std::memory_order_relaxed);
  cpu_scheduler& s = local();
  if (s.vector_state_owner == &t) s.vector_state_owner = nullptr;
  schedule(s);
  panic("an ended thread ran again");
}

void reap_dead() {
  thread* chain;
  {
    arch::interrupt_guard guard;
    cpu_scheduler& s = local();
    chain = s.dead;
    s.dead = nullptr;
  }
  while (chain) {
    thread* t = chain;
    chain = t->next_incoming;
    t->next_incoming = nullptr;
    release_stack(*t);
    t->release();
  }
}

bool sleep_until(nanoseconds deadline) {
  while (now() < deadline) {
    if (interrupted(current())) return false;
    park(deadline);
  }
  return true;
}

void preempt_from_interrupt() {
  if (!arch::this_cpu().reschedule || !arch::preemption_enabled()) return;
  trace::count(trace::counter::preemptions);
  schedule(local());
}

namespace {
/// Threads wait here for a whole slice: a CPU that went idle just before they came shall pull one.
void invite_idle_cpu() {
  const unsigned self = arch::cpu_id();
  for (unsigned i = 0; i < arch::cpu_count; ++i)
    if (i != self && schedulers[i].is_idle.load(std::memory_order_relaxed)) return arch::send_ipi(i, arch::vector_reschedule);
}
}  // namespace

void handle_timer_interrupt() {
  cpu_scheduler& s = local();
  timer_queue::run_expired();
  const u64 now_ticks = arch::timestamp();
  if (s.slice_end && now_ticks >= s.slice_end) {
    s.slice_end = 0;
    if (s.queue_length.load(std::memory_order_relaxed)) {
      arch::this_cpu().reschedule = 1;
      invite_idle_cpu();
    }
  }
  if (s.slice_end) timer_queue::arm_hardware_by(s.slice_end);
  if (s.tick_at && now_ticks >= s.tick_at) {
    s.tick_at = 0;
    thread& running = current();
    if (running.program_data && ticking.load(std::memory_order_relaxed)) {
      program_tick(running);
      arm_tick(s, running, now_ticks);
    }
  }
  if (s.tick_at) timer_queue::arm_hardware_by(s.tick_at);
}

void set_ticking(bool on) {
  arch::interrupt_guard guard;
  if (ticking.exchange(on, std::memory_order_seq_cst) == on || !on) return;
  arm_tick(local(), current(), arch::timestamp());
  // Others run a thread that they may not switch away from for long: scheduling arms the tick.
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu)
    if (cpu != arch::cpu_id()) arch::send_ipi(cpu, arch::vector_reschedule);
}

void handle_wake_up_interrupt() { arch::this_cpu().reschedule = 1; }

void adopt_idle(unsigned cpu, u64 stack_top) {
  if (cpu == 0) {
    wake_up_bonus = arch::nanoseconds_to_ticks(2 * millisecond);
    slice = arch::nanoseconds_to_ticks(3 * millisecond);
    wake_up_granularity = arch::nanoseconds_to_ticks(500 * microsecond);
  }
  thread* t = new thread();
  t->idle = true;
  t->kernel_stack_top = stack_top;
  t->state = thread_state::running;
  t->on_cpu = true;
  t->cpu = cpu;
  t->affinity = 1ull << cpu;
  __builtin_memcpy(t->name, "idle", 5);
  schedulers[cpu].idle = t;
  arch::cpu_block& block = arch::this_cpu();
  block.current = t;
  block.kernel_stack_top = stack_top;
}

void idle_loop() {
  cpu_scheduler& s = local();
  for (;;) {
    reap_dead();
    // Interrupts only set `reschedule`: the switch away happens here, so that idle time is counted right.
    arch::disable_preemption();
    arch::disable_interrupts();
    const u64 idle_from = arch::timestamp();
    // seq_cst: announce idleness, then look at the list; the waker does it the other way round.
    s.is_idle.store(true, std::memory_order_seq_cst);
    const bool work = s.incoming.load(std::memory_order_seq_cst) || s.queue_length.load(std::memory_order_relaxed) ||
                      arch::this_cpu().reschedule;
    if (!work) {
      u64& idle_since = arch::local_values().idle_since;
      __atomic_store_n(&idle_since, idle_from, __ATOMIC_RELAXED);
      arch::wait_for_interrupt();
      arch::disable_interrupts();
      __atomic_store_n(&idle_since, 0, __ATOMIC_RELAXED);
      arch::count(trace::counter::idle_nanoseconds,
                  static_cast<u64>(arch::ticks_to_nanoseconds(arch::timestamp() - idle_from)));
    }
    s.is_idle.store(false, std::memory_order_relaxed);
    arch::this_cpu().preempt_disabled = 0;
    schedule(local());
    arch::enable_interrupts();
  }
}

bool is_idle(unsigned cpu) { return schedulers[cpu].is_idle.load(std::memory_order_relaxed); }

u32 runnable_count() {
  u32 count = 0;
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) {
    count += schedulers[cpu].queue_length.load(std::memory_order_relaxed);
    if (!schedulers[cpu].is_idle.load(std::memory_order_relaxed)) ++count;
  }
  return count;
}

void set_affinity(thread& t, cpu_mask mask) {
  t.affinity.store(mask, std::memory_order_relaxed);
  if (&t != &current()) return;
  arch::interrupt_guard guard;
  if (!(mask >> arch::cpu_id() & 1)) schedule(local());
}

void finish_first_switch() { finish_switch(local()); }

bool interrupted(const thread& t) {
  return t.attention.load(std::memory_order_relaxed) & (attention_bit::signal | attention_bit::terminate);
}

nanoseconds ended_program_runtime() { return arch::ticks_to_nanoseconds(ended_program_ticks.load(std::memory_order_relaxed)); }

nanoseconds runtime(const thread& t) {
  // Interrupts off: the calling thread's own figures do not change between the reads.
  arch::interrupt_guard guard;
  u64 ticks = t.total_runtime;
  // A running thread is charged only when it is switched away from or its slice ends.
  if (t.state.load(std::memory_order_relaxed) == thread_state::running) {
    const u64 now = arch::timestamp(), since = t.started_running;
    if (now > since) ticks += now - since;
  }
  return arch::ticks_to_nanoseconds(ticks);
}

void retain(const thread& t) { t.retain(); }
void release(const thread& t) { t.release(); }

}  // namespace osv::sched

namespace osv::arch {

void preempt_if_wanted() {
  if (!preemption_enabled() || !interrupts_enabled()) return;
  interrupt_guard guard;
  if (this_cpu().reschedule) sched::preempt_from_interrupt();
}

}  // namespace osv::arch
