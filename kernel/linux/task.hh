// The Linux side of a thread of the program.
#pragma once

#include <atomic>

#include "arch/x86_64/frame.hh"
#include "linux/process.hh"
#include "linux/signal.hh"
#include "sched/scheduler.hh"

namespace osv::linux_abi {

class task : public task_link, pinned {
 public:
  process& owner;
  ref<sched::thread> thread;
  u32 id = 0;                        // gettid(2)

  // Signals: under the owner's signal lock, but for what only the thread itself uses.
  pending_signals pending;
  signal_set blocked = 0;
  signal_set saved_blocked = 0;      // to be restored after delivery (sigsuspend, ppoll)
  bool restore_blocked = false;
  u64 alternate_stack = 0;           // sigaltstack(2)
  u64 alternate_stack_size = 0;
  u32 alternate_stack_flags = 2;     // SS_DISABLE
  u64 fault_trap = 0, fault_error = 0, fault_address = 0;  // of the last forced signal

  u64 clear_child_tid = 0;           // set_tid_address(2)
  u64 robust_list = 0;               // set_robust_list(2)
  std::atomic<bool> locks_awaited{false};  // somebody waits in futex_lock() for this thread
  std::atomic<bool> locks_settled{false};  // it is leaving and passes no lock on any more
  arch::register_frame start{};      // first registers of a new thread
  u64 set_child_tid = 0;
  sync::wait_queue signal_arrived;   // sigtimedwait, signalfd
  u32 users = 0;                     // with_task() callers, under the signal lock
  bool ended = false;                // under the signal lock

  explicit task(process& p) : owner(p) {}

  /// The registers that the program had at the present system call.
  arch::register_frame& program_frame() const {
    return *reinterpret_cast<arch::register_frame*>(thread->kernel_stack_top - sizeof(arch::register_frame));
  }
};

task& current_task();
/// By thread id. The caller holds no locks and may be an interrupt; the task may end any time: use inside `with_task`.
/// ESRCH if there is none.
result<> with_task(process& owner, u32 id, function_ref<void(task&)> f);
/// The same in the current process.
result<> with_task(u32 id, function_ref<void(task&)> f);

/// How many threads a program may have: their kernel stacks take an eighth of the memory at most, as in Linux, so that threads that
/// can be refused leave room for pages that cannot (/proc/sys/kernel/threads-max).
u32 tasks_max();
/// A task with its thread, in the process's list, not yet started (sched::start(*task->thread)). EAGAIN, ENOMEM.
result<task*> create_task(process& p, std::string_view name, const arch::register_frame& start);
/// The process's first task; its thread runs `entry(argument)`, which fills in task::start and calls start_program().
result<task*> create_first_task(process& p, std::string_view name, void (*entry)(void*), void* argument);
/// Leaves the kernel for the program, with the registers of task::start. Interrupts off.
[[noreturn]] void start_program(task& t);
/// First function of every further task's thread.
void run_task(void* task);
/// Lets the task notice its attention bits: out of an interruptible wait, or out of the program's code. Signal lock held.
void interrupt_task(task& t);
/// execve(2): ends all other tasks and waits until they are gone. False: another task was first, and the current one is told to end
/// before it can go back to the program.
bool become_only_task(process& p);

/// Ends the current thread; the last one ends the process with `status` (exit(2)).
[[noreturn]] void exit_task(int status);
/// exit_group(2): ends the program.
[[noreturn]] void exit_process(int code);
/// Ends the program by a signal: reported as such.
[[noreturn]] void kill_process(int signal);

/// How a program ended.
struct program_end {
  bool by_signal;
  int value;  // exit code or signal number
};
/// Called once, when the program has ended; does not return. Set by boot/.
extern void (*program_ended)(const program_end& end);

/// Makes the current thread leave the kernel through the slow path, with every register as its frame says.
void return_with_whole_frame();

}  // namespace osv::linux_abi
