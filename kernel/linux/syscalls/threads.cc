// clone(2), clone3(2), exit(2), exit_group(2), set_tid_address(2), set_robust_list(2), arch_prctl(2), futex(2), sched_yield(2),
// and the refusal of fork.
#include "linux/syscalls/threads.hh"

#include "arch/x86_64/features.hh"
#include "arch/x86_64/registers.hh"
#include "linux/futex_lock.hh"
#include "linux/task.hh"
#include "log/log.hh"
#include "memory/user_copy.hh"
#include "sched/clock.hh"

namespace osv::linux_abi {

namespace {

namespace clone_flag {
constexpr u64 vm = 0x100, fs = 0x200, files = 0x400, signal_handlers = 0x800, vfork = 0x4000, thread = 0x10000, system_v = 0x40000;
constexpr u64 set_tls = 0x80000, parent_set_tid = 0x100000, child_clear_tid = 0x200000, detached = 0x400000, child_set_tid = 0x1000000;
}  // namespace clone_flag

std::atomic<bool> fork_refused{false};

failure refuse_fork() {
  if (!fork_refused.exchange(true, std::memory_order_relaxed))
    log::warning("the program asked for a further process (fork): OS^v runs one process per machine and answers ENOSYS");
  return fail(errc::not_implemented);
}

struct clone_request {
  u64 flags;
  u64 stack;  // initial stack pointer
  u64 parent_tid;
  u64 child_tid;
  u64 tls;
};

result<i64> start_thread(const clone_request& request) {
  constexpr u64 needed = clone_flag::vm | clone_flag::signal_handlers | clone_flag::thread;
  if ((request.flags & needed) != needed) return refuse_fork();
  if (request.stack == 0) return fail(errc::invalid);
  task& parent = current_task();
  arch::register_frame start = parent.program_frame();
  start.rax = 0;
  start.rsp = request.stack;
  start.rflags |= arch::flag_interrupts;
  task* child = TRY(create_task(parent.owner, parent.thread->name, start));
  sched::thread& thread = *child->thread;
  if (arch::features.fsgsbase)
    asm volatile("rdfsbase %0" : "=r"(thread.fs_base));
  else
    thread.fs_base = parent.thread->fs_base;
  if (request.flags & clone_flag::set_tls) thread.fs_base = request.tls;
  if (request.flags & clone_flag::child_clear_tid) child->clear_child_tid = request.child_tid;
  if (request.flags & clone_flag::child_set_tid) child->set_child_tid = request.child_tid;
  const u32 id = child->id;
  if (request.flags & clone_flag::parent_set_tid) (void)memory::write_program(reinterpret_cast<void*>(request.parent_tid), id);
  sched::start(thread);
  return static_cast<i64>(id);
}

/// Absolute CLOCK_MONOTONIC deadline out of a futex time-out argument.
result<nanoseconds> deadline_from(const void* timeout, bool absolute, bool realtime) {
  if (!timeout) return never;
  struct time_spec {
    i64 seconds, nanoseconds;
  };
  const time_spec t = TRY(memory::read_program<time_spec>(timeout));
  if (t.seconds < 0 || t.nanoseconds < 0 || t.nanoseconds >= second) return fail(errc::invalid);
  if (t.seconds > never / second / 2) return never;
  const nanoseconds value = t.seconds * second + t.nanoseconds;
  if (!absolute) return sched::now() + value;
  return realtime ? value - (sched::realtime() - sched::now()) : value;
}

}  // namespace

result<i64> sys_clone(u64 flags, u64 stack, u64 parent_tid, u64 child_tid, u64 tls) {
  return start_thread({flags, stack, parent_tid, child_tid, tls});
}

result<i64> sys_clone3(const void* arguments, usize size) {
  struct clone_arguments {
    u64 flags, pid_fd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  } a;
  if (size < sizeof a) return fail(errc::invalid);
  if (size > page_size) return fail(errc::argument_list_too_long);
  TRY(memory::copy_from_program(&a, arguments, sizeof a));
  return start_thread({a.flags, a.stack ? a.stack + a.stack_size : 0, a.parent_tid, a.child_tid, a.tls});
}

result<i64> sys_fork() { return refuse_fork(); }
result<i64> sys_vfork() { return refuse_fork(); }

result<> sys_exit(int status) { exit_task(status); }
result<> sys_exit_group(int status) { exit_process(status); }

result<i64> sys_set_tid_address(u64 address) {
  task& t = current_task();
  t.clear_child_tid = address;
  return static_cast<i64>(t.id);
}

result<> sys_set_robust_list(u64 head, usize size) {
  if (size != 24) return fail(errc::invalid);
  current_task().robust_list = head;
  return {};
}

result<> sys_get_robust_list(int id, u64* head, usize* size) {
  u64 value = 0;
  if (id == 0)
    value = current_task().robust_list;
  else
    TRY(with_task(static_cast<u32>(id), [&](task& t) { value = t.robust_list; }));
  TRY(memory::write_program(head, value));
  return memory::write_program(size, usize{24});
}

result<> sys_arch_prctl(int code, u64 address) {
  constexpr int set_gs = 0x1001, set_fs = 0x1002, get_fs = 0x1003, get_gs = 0x1004;
  sched::thread& self = sched::current();
  switch (code) {
    case set_fs:
      if (address >= memory::program_address_end) return fail(errc::not_permitted);
      self.fs_base = address;
      if (arch::features.fsgsbase)
        asm volatile("wrfsbase %0" ::"r"(address));
      else
        arch::write_msr(arch::msr::fs_base, address);
      return {};
    case get_fs:
      if (arch::features.fsgsbase) asm volatile("rdfsbase %0" : "=r"(self.fs_base));
      return memory::write_program(reinterpret_cast<void*>(address), self.fs_base);
    case get_gs:
      return memory::write_program(reinterpret_cast<void*>(address), u64{0});
    case set_gs:  // GS is the kernel's, always
      return fail(errc::not_permitted);
    default:
      return fail(errc::invalid);
  }
}

result<> sys_sched_yield() {
  sched::yield();
  return {};
}

result<i64> sys_futex(u64 address, int operation, u32 value, u64 timeout_or_value2, u64 address2, u32 value3) {
  constexpr int wait = 0, wake = 1, requeue = 3, cmp_requeue = 4, wake_op = 5, wait_bitset = 9, wake_bitset = 10;
  constexpr int lock_pi = 6, unlock_pi = 7, try_lock_pi = 8, lock_pi2 = 13;
  constexpr int realtime = 256, command_mask = ~(128 | 256);
  const void* timeout = reinterpret_cast<const void*>(timeout_or_value2);
  constexpr int private_word = 128;
  const bool shared = !(operation & private_word);
  if (!is_aligned(address, 4)) return fail(errc::invalid);
  const futex_word word = futex_word::at(address, shared);
  switch (operation & command_mask) {
    case wait:
      TRY(futex_wait(word, value, ~0u, TRY(deadline_from(timeout, false, false))));
      return 0;
    case wait_bitset:
      TRY(futex_wait(word, value, value3, TRY(deadline_from(timeout, true, operation & realtime))));
      return 0;
    case wake:
      return futex_wake(word, value, ~0u);
    case wake_bitset:
      if (value3 == 0) return fail(errc::invalid);
      return futex_wake(word, value, value3);
    case requeue:
      return futex_requeue(word, futex_word::at(address2, shared), value, static_cast<u32>(timeout_or_value2), false, 0);
    case cmp_requeue:
      return futex_requeue(word, futex_word::at(address2, shared), value, static_cast<u32>(timeout_or_value2), true, value3);
    case lock_pi:
    case lock_pi2:
      TRY(futex_lock(word, TRY(deadline_from(timeout, true, (operation & command_mask) == lock_pi || operation & realtime))));
      return 0;
    case try_lock_pi:
      TRY(futex_try_lock(word));
      return 0;
    case unlock_pi:
      TRY(futex_unlock(word));
      return 0;
    case wake_op:
      return futex_wake_op(word, futex_word::at(address2, shared), value, static_cast<u32>(timeout_or_value2), value3);
    default:
      return fail(errc::not_implemented);
  }
}

}  // namespace osv::linux_abi
