// rt_sigaction(2), rt_sigprocmask(2), sigaltstack(2), kill(2), tgkill(2), rt_sigtimedwait(2), rt_sigsuspend(2), pause(2), …
#include "linux/syscalls/signals.hh"

#include "linux/signal_frame.hh"
#include "linux/task.hh"
#include "memory/user_copy.hh"
#include "sched/clock.hh"

namespace osv::linux_abi {

namespace {

constexpr usize set_size = sizeof(signal_set);
constexpr signal_set unblockable = bit_of(signal::kill) | bit_of(signal::stop);

bool is_signal(int number) { return number >= 1 && number <= signals_max; }

signal_info from_program(int number, i32 code) {
  signal_info info;
  info.number = number;
  info.code = code;
  info.sender = {static_cast<i32>(current_process().id), current_process().identity.real_user, 0};
  return info;
}

/// Waits until a signal that the thread does not block is pending.
void wait_for_signal() {
  while (!sched::interrupted(sched::current())) sched::park();
}

}  // namespace

result<> sys_rt_sigaction(int number, const signal_action* next, signal_action* previous, usize size) {
  if (size != set_size || !is_signal(number)) return fail(errc::invalid);
  if (next && (number == signal::kill || number == signal::stop)) return fail(errc::invalid);
  signal_action fresh;
  if (next) fresh = TRY(memory::read_program<signal_action>(next));
  process& p = current_process();
  signal_action old;
  {
    lock::guard g(p.signal_lock);
    old = p.actions[number];
    if (next) {
      fresh.mask &= ~unblockable;
      p.actions[number] = fresh;
      // Pending signals that are ignored from now on are gone (sigaction(2), POSIX 2.4.3).
      if (is_ignored(p, number)) {
        drop_signals(p, p.pending, bit_of(number));
        for (task_link& link : p.tasks) drop_signals(p, static_cast<task&>(link).pending, bit_of(number));
      }
    }
  }
  if (previous) return memory::write_program(previous, old);
  return {};
}

result<> sys_rt_sigprocmask(int how, const signal_set* next, signal_set* previous, usize size) {
  if (size != set_size) return fail(errc::invalid);
  signal_set change = 0;
  if (next) change = TRY(memory::read_program<signal_set>(next));
  if (next && (how < 0 || how > 2)) return fail(errc::invalid);
  task& t = current_task();
  const signal_set old = t.blocked;
  if (next) {
    lock::guard g(t.owner.signal_lock);
    if (how == 0) t.blocked |= change & ~unblockable;
    if (how == 1) t.blocked &= ~change;
    if (how == 2) t.blocked = change & ~unblockable;
    recompute_attention(t);
  }
  if (previous) return memory::write_program(previous, old);
  return {};
}

result<> sys_rt_sigpending(signal_set* into, usize size) {
  if (size > set_size) return fail(errc::invalid);
  task& t = current_task();
  signal_set pending;
  {
    lock::guard g(t.owner.signal_lock);
    pending = (t.pending.set | t.owner.pending.set) & t.blocked;
  }
  return memory::copy_to_program(into, &pending, size);
}

result<i64> sys_rt_sigreturn() {
  task& t = current_task();
  if (!pop_signal_frame(t, t.program_frame()).ok()) kill_process(signal::segmentation);
  return_with_whole_frame();
  return static_cast<i64>(t.program_frame().rax);
}

result<> sys_sigaltstack(const void* next, void* previous) {
  struct stack_argument {
    u64 address;
    i32 flags;
    i32 padding;
    u64 size;
  };
  constexpr i32 on_stack = 1, disable = 2;
  constexpr u32 auto_disarm = 1u << 31;
  constexpr u64 size_min = 2048;  // MINSIGSTKSZ
  task& t = current_task();
  const u64 sp = t.program_frame().rsp;
  const bool running_on_it = t.alternate_stack_size && sp > t.alternate_stack && sp - t.alternate_stack <= t.alternate_stack_size;
  const stack_argument old{t.alternate_stack, t.alternate_stack_size == 0 ? disable : running_on_it ? on_stack : 0, 0, t.alternate_stack_size};
  if (next) {
    const stack_argument fresh = TRY(memory::read_program<stack_argument>(next));
    if (running_on_it) return fail(errc::not_permitted);
    const i32 flags = static_cast<i32>(static_cast<u32>(fresh.flags) & ~auto_disarm);
    if (flags != 0 && flags != disable && flags != on_stack) return fail(errc::invalid);
    if (flags == disable) {
      t.alternate_stack = t.alternate_stack_size = 0;
    } else {
      if (fresh.size < size_min) return fail(errc::no_memory);
      t.alternate_stack = fresh.address;
      t.alternate_stack_size = fresh.size;
    }
  }
  if (previous) return memory::write_program(previous, old);
  return {};
}

result<> sys_kill(int id, int number) {
  process& p = current_process();
  if (number != 0 && !is_signal(number)) return fail(errc::invalid);
  // Itself, its group, or everybody: there is one process.
  if (id != static_cast<int>(p.id) && id != 0 && id != -1 && id != -static_cast<int>(p.id)) return fail(errc::no_such_process);
  if (!number) return {};
  return send_signal(p, from_program(number, signal_code::user));
}

result<> sys_tkill(int id, int number) {
  if (id <= 0 || (number != 0 && !is_signal(number))) return fail(errc::invalid);
  result<> sent;
  TRY(with_task(static_cast<u32>(id), [&](task& t) {
    if (number) sent = send_signal(t, from_program(number, signal_code::thread_kill));
  }));
  return sent;
}

result<> sys_tgkill(int group, int id, int number) {
  if (group <= 0) return fail(errc::invalid);
  if (group != static_cast<int>(current_process().id)) return fail(errc::no_such_process);
  return sys_tkill(id, number);
}

namespace {

/// rt_sigqueueinfo(2): towards others a program cannot say that the kernel, kill() or tgkill() sent the signal.
result<signal_info> info_from_program(int number, const signal_info* from, bool to_itself) {
  signal_info info = TRY(memory::read_program<signal_info>(from));
  info.number = number;
  if (!to_itself && (info.code >= 0 || info.code == signal_code::thread_kill)) return fail(errc::not_permitted);
  if (number != 0 && !is_signal(number)) return fail(errc::invalid);
  return info;
}

}  // namespace

result<> sys_rt_sigqueueinfo(int id, int number, const signal_info* from) {
  const bool to_itself = id == static_cast<int>(current_process().id);
  const signal_info info = TRY(info_from_program(number, from, to_itself));
  if (!to_itself) return fail(errc::no_such_process);
  if (!number) return {};  // only whether it is there
  return send_signal(current_process(), info);
}

result<> sys_rt_tgsigqueueinfo(int group, int id, int number, const signal_info* from) {
  if (group <= 0 || id <= 0) return fail(errc::invalid);
  const bool to_itself = group == static_cast<int>(current_process().id);
  const signal_info info = TRY(info_from_program(number, from, to_itself));
  if (!to_itself) return fail(errc::no_such_process);
  result<> sent;
  TRY(with_task(static_cast<u32>(id), [&](task& t) {
    if (number) sent = send_signal(t, info);
  }));
  return sent;
}

result<> sys_rt_sigsuspend(const signal_set* mask, usize size) {
  if (size != set_size) return fail(errc::invalid);
  set_temporary_mask(TRY(memory::read_program<signal_set>(mask)));
  wait_for_signal();
  return fail(errc::restart_no_handler);
}

result<> sys_pause() {
  wait_for_signal();
  return fail(errc::restart_no_handler);
}

result<i64> sys_rt_sigtimedwait(const signal_set* wanted_from, signal_info* into, const void* timeout, usize size) {
  if (size != set_size) return fail(errc::invalid);
  const signal_set wanted = TRY(memory::read_program<signal_set>(wanted_from)) & ~unblockable;
  nanoseconds deadline = never;
  if (timeout) {
    struct time_spec {
      i64 seconds, nanoseconds;
    };
    const time_spec t = TRY(memory::read_program<time_spec>(timeout));
    if (t.seconds < 0 || t.nanoseconds < 0 || t.nanoseconds >= second) return fail(errc::invalid);
    if (t.seconds < never / second / 2) deadline = sched::now() + t.seconds * second + t.nanoseconds;
  }
  task& t = current_task();
  signal_info info;
  bool taken = false;
  // Signals of the set are usually blocked: they arrive without the interruptible wake-up, through `signal_arrived`.
  const auto outcome = t.signal_arrived.wait([&] { return taken || (taken = take_signal(t, wanted, info)); }, deadline);
  if (!taken) {
    if (outcome == sync::wait_result::interrupted) return fail(errc::interrupted);
    return fail(errc::again);
  }
  if (into) TRY(memory::write_program(into, info));
  return static_cast<i64>(info.number);
}

}  // namespace osv::linux_abi
