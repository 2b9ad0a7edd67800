#include "linux/signal.hh"

#include "arch/x86_64/interrupt_vectors.hh"
#include "arch/x86_64/local_apic.hh"
#include "linux/signal_frame.hh"
#include "linux/task.hh"
#include "log/log.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::linux_abi {

namespace {

constexpr const char* names[] = {"",        "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",  "SIGTRAP", "SIGABRT", "SIGBUS",
                                 "SIGFPE",  "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM",
                                 "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG",
                                 "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",  "SIGPWR",  "SIGSYS"};

constexpr signal_set never_blocked = bit_of(signal::kill) | bit_of(signal::stop);
constexpr signal_set synchronous = bit_of(signal::segmentation) | bit_of(signal::bus) | bit_of(signal::illegal) |
                                   bit_of(signal::trap) | bit_of(signal::floating_point) | bit_of(signal::system_call);
/// Default action "ignore"; stopping has no meaning without job control, so stop signals count here too.
constexpr signal_set ignored_by_default = bit_of(signal::child) | bit_of(signal::urgent) | bit_of(signal::window) |
                                          bit_of(signal::resume) | bit_of(signal::terminal_stop) |
                                          bit_of(signal::terminal_input) | bit_of(signal::terminal_output) | bit_of(signal::stop);

result<> enqueue(process& p, pending_signals& pending, const signal_info& info) {
  const signal_set bit = bit_of(info.number);
  const bool standard = info.number < signal::real_time_first;
  if (standard && pending.set & bit) return {};  // standard signals do not pile up
  // A timer has one signal pending at most, so timers need no limit.
  const bool limited = !(standard && info.code >= 0) && info.code != signal_code::timer;
  queued_signal* queued = nullptr;
  if (!limited || p.queued_signals < p.limits[resource::pending_signals].soft) queued = new (std::nothrow) queued_signal;
  // Without its details a signal of sigqueue(3) is not worth much to its receiver; others arrive all the same, as in Linux.
  if (!queued && !standard && info.code != signal_code::user) return fail(errc::again);
  pending.set |= bit;
  if (!queued) return {};
  queued->info = info;
  pending.queue.push_back(*queued);
  ++p.queued_signals;
  return {};
}

bool dequeue(process& p, pending_signals& pending, signal_set allowed, signal_info& info) {
  signal_set candidates = pending.set & allowed;
  if (!candidates) return false;
  if (candidates & synchronous) candidates &= synchronous;
  const int number = __builtin_ctzll(candidates) + 1;
  info = {};
  info.number = number;
  bool found = false, more = false;
  for (queued_signal& q : pending.queue) {
    if (q.info.number != number) continue;
    if (found) {
      more = true;
      break;
    }
    info = q.info;
    found = true;
    q.hook.unlink();
    delete &q;
    --p.queued_signals;
  }
  if (!more) pending.set &= ~bit_of(number);
  return true;
}

/// Signal lock held.
void nudge(task& t) {
  // release: the pending bit is visible before the attention.
  t.thread->attention.fetch_or(sched::attention_bit::signal, std::memory_order_release);
  t.signal_arrived.wake();
  interrupt_task(t);
}

}  // namespace

bool is_ignored(const process& p, int number) {
  const signal_action& action = p.actions[number];
  if (number == signal::kill) return false;
  if (action.handler == 1) return true;
  return action.handler == 0 && ignored_by_default & bit_of(number);
}

void interrupt_task(task& t) {
  sched::unpark(*t.thread);
  const unsigned cpu = t.thread->cpu.load(std::memory_order_relaxed);
  if (t.thread.get() != &sched::current() && t.thread->on_cpu.load(std::memory_order_relaxed) && cpu != arch::cpu_id())
    arch::send_ipi(cpu, arch::vector_reschedule);
}

const char* signal_name(int number) {
  static char real_time[8];
  if (number >= 1 && number < 32) return names[number];
  text_writer out(real_time, sizeof real_time - 1);
  format_to(out, "SIG{}", number);
  real_time[out.size()] = 0;
  return real_time;
}

result<> send_signal(task& target, const signal_info& info) {
  process& p = target.owner;
  lock::guard g(p.signal_lock);
  if (target.ended) return fail(errc::no_such_process);  // its queue was emptied for good
  const bool blocked = target.blocked & bit_of(info.number);
  if (!blocked && is_ignored(p, info.number)) return {};
  TRY(enqueue(p, target.pending, info));
  p.signals_arrived.wake();
  if (!blocked) nudge(target);
  else target.signal_arrived.wake();
  return {};
}

result<> send_signal(process& target, const signal_info& info) {
  lock::guard g(target.signal_lock);
  task* receiver = nullptr;
  bool blocked_everywhere = true;
  for (task_link& link : target.tasks) {
    task& t = static_cast<task&>(link);
    if (t.blocked & bit_of(info.number)) continue;
    blocked_everywhere = false;
    // The first thread is the main one: it has the preference, as in Linux.
    if (!receiver) receiver = &t;
  }
  if (!blocked_everywhere && is_ignored(target, info.number)) return {};
  TRY(enqueue(target, target.pending, info));
  target.signals_arrived.wake();
  if (receiver)
    nudge(*receiver);
  else
    for (task_link& link : target.tasks) static_cast<task&>(link).signal_arrived.wake();
  return {};
}

void offer_process_signals(process& p) {
  if (!p.pending.set) return;
  for (task_link& link : p.tasks) {
    task& t = static_cast<task&>(link);
    const bool told = t.thread->attention.load(std::memory_order_relaxed) & sched::attention_bit::signal;
    if (p.pending.set & ~t.blocked && !told) nudge(t);
    t.signal_arrived.wake();  // sigtimedwait(2) takes what it blocks
  }
}

void drop_signals(process& p, pending_signals& pending, signal_set which) {
  pending.set &= ~which;
  for (queued_signal& q : pending.queue) {
    if (!(which & bit_of(q.info.number))) continue;
    q.hook.unlink();
    delete &q;
    --p.queued_signals;
  }
}

void force_signal(const signal_info& info, u64 trap_number, u64 error_code, u64 fault_address) {
  task& t = current_task();
  bool deadly;
  {
    lock::guard g(t.owner.signal_lock);
    t.fault_trap = trap_number;
    t.fault_error = error_code;
    t.fault_address = fault_address;
    deadly = t.blocked & bit_of(info.number) || t.owner.actions[info.number].handler <= 1;
    if (!deadly) {
      (void)enqueue(t.owner, t.pending, info);
      t.thread->attention.fetch_or(sched::attention_bit::signal, std::memory_order_relaxed);
    }
  }
  if (deadly) kill_process(info.number);
}

bool signal_pending(task& t) {
  lock::guard g(t.owner.signal_lock);
  return (t.pending.set | t.owner.pending.set) & ~t.blocked;
}

namespace {

/// Signal lock held.
void set_attention(task& t) {
  const bool wanted = t.restore_blocked || (t.pending.set | t.owner.pending.set) & ~t.blocked;
  if (wanted)
    t.thread->attention.fetch_or(sched::attention_bit::signal, std::memory_order_relaxed);
  else
    t.thread->attention.fetch_and(~sched::attention_bit::signal, std::memory_order_relaxed);
}

}  // namespace

void recompute_attention(task& t) {
  set_attention(t);
  if (t.owner.pending.set & t.blocked) [[unlikely]]
    offer_process_signals(t.owner);
}

bool take_signal(task& t, signal_set wanted, signal_info& info) {
  lock::guard g(t.owner.signal_lock);
  const bool taken = dequeue(t.owner, t.pending, wanted, info) || dequeue(t.owner, t.owner.pending, wanted, info);
  // No offer to others: the mask is as before, and waiters that look for signals here must not wake each other.
  set_attention(t);
  return taken;
}

void set_temporary_mask(signal_set mask) {
  task& t = current_task();
  lock::guard g(t.owner.signal_lock);
  t.saved_blocked = t.blocked;
  t.restore_blocked = true;
  t.blocked = mask & ~never_blocked;
  recompute_attention(t);
  // The mask comes back on the way out even if no signal arrives; that is not a reason to give up waiting.
  if (!((t.pending.set | t.owner.pending.set) & ~t.blocked)) {
    t.thread->attention.fetch_and(~sched::attention_bit::signal, std::memory_order_relaxed);
    t.thread->attention.fetch_or(sched::attention_bit::restore_mask, std::memory_order_relaxed);
  }
}

namespace {

constexpr i64 restart = -static_cast<i64>(errc::restart);
constexpr i64 restart_always = -static_cast<i64>(errc::restart_always);
constexpr i64 restart_no_handler = -static_cast<i64>(errc::restart_no_handler);

void rewind(arch::register_frame& frame) {
  frame.rax = frame.error_code;  // the call's number
  frame.rip -= 2;                // the length of the syscall instruction
}

/// What a system call that was interrupted answers when a handler with `flags` runs.
void settle_for_handler(arch::register_frame& frame, u64 flags) {
  const i64 value = static_cast<i64>(frame.rax);
  if (value == restart_always || (value == restart && flags & action_flag::restart))
    rewind(frame);
  else if (value == restart || value == restart_no_handler)
    frame.rax = static_cast<u64>(-static_cast<i64>(errc::interrupted));
}

}  // namespace

void deliver_signals(arch::register_frame& frame, bool system_call) {
  task& t = current_task();
  process& p = t.owner;
  bool handled = false;
  for (;;) {
    if (t.thread->attention.load(std::memory_order_relaxed) & sched::attention_bit::terminate) exit_task(0);
    signal_info info;
    signal_action action;
    signal_set mask_to_save;
    {
      lock::guard g(p.signal_lock);
      t.thread->attention.fetch_and(~sched::attention_bit::signal, std::memory_order_acquire);
      if (!dequeue(p, t.pending, ~t.blocked, info) && !dequeue(p, p.pending, ~t.blocked, info)) break;
      action = p.actions[info.number];
      if (action.handler == 1 || (action.handler == 0 && ignored_by_default & bit_of(info.number) && info.number != signal::kill)) {
        t.thread->attention.fetch_or(sched::attention_bit::signal, std::memory_order_relaxed);
        continue;
      }
      if (action.handler == 0) goto deadly;
      mask_to_save = t.restore_blocked ? t.saved_blocked : t.blocked;
      t.restore_blocked = false;
      t.blocked |= action.mask;
      if (!(action.flags & action_flag::no_defer)) t.blocked |= bit_of(info.number);
      t.blocked &= ~never_blocked;
      if (action.flags & action_flag::reset_handler) p.actions[info.number] = {};
    }
    if (system_call && !handled) settle_for_handler(frame, action.flags);
    handled = true;
    trace::count(trace::counter::signals_delivered);
    trace::point::signal_deliver(info.number, t.id);
    if (!push_signal_frame(t, frame, action, info, mask_to_save).ok()) {
      log::warning("the stack at {} has no room for a handler of {}", reinterpret_cast<void*>(frame.rsp), signal_name(info.number));
      kill_process(signal::segmentation);
    }
    continue;
  deadly:
    kill_process(info.number);
  }
  if (system_call && !handled) {
    const i64 value = static_cast<i64>(frame.rax);
    if (value == restart || value == restart_always || value == restart_no_handler) rewind(frame);
  }
  lock::guard g(p.signal_lock);
  if (t.restore_blocked) {
    t.blocked = t.saved_blocked;
    t.restore_blocked = false;
  }
  recompute_attention(t);
}

}  // namespace osv::linux_abi
