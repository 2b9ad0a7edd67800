// The thread's own structure and the scheduler behind sched/thread.hh: a run queue a CPU, ordered by virtual run time.
//
// A thread that wakes goes to the CPU it ran on last, unless another CPU idles; wake-ups for another CPU travel over a lock-free
// list and cost an interrupt only when the list was empty. A CPU with nothing to do pulls from the others before it halts.
// Time is counted in time-stamp counter ticks; no periodic tick exists, but for timers that wait for CPU time.
#pragma once

#include "arch/cpu.hh"
#include "base/list.hh"
#include "base/tree.hh"
#include "sched/thread.hh"
#include "sched/timer.hh"

namespace osv::sched {

/// What wants a thread's attention before it returns to the program (bits of thread::attention).
namespace attention_bit {
constexpr u32 signal = 1;     // look at pending signals
constexpr u32 terminate = 2;  // the process ends: leave through thread exit
constexpr u32 whole_frame = 4;   // every register comes back as the frame says (signal return, exec)
constexpr u32 restore_mask = 8;  // a temporary signal mask ends
}  // namespace attention_bit

/// Sets of CPUs by number.
using cpu_mask = u64;

enum class thread_state : u32 { running, runnable, parked, ended };

class thread : public ref_counted<thread> {
 public:
  ~thread();

  /// Read by entry.S at every return from a system call.
  std::atomic<u32> attention{0};
  u32 id = 0;  // thread id as the program sees it; kernel threads have one too
  u64 stack_pointer = 0;      // while not running
  u64 kernel_stack_top = 0;
  u64 fs_base = 0;            // the program's thread pointer
  void* fpu = nullptr;        // the program's vector state while not running; nullptr for kernel threads
  u32 vector_state_cpu = ~0u;    // where its vector registers were last loaded
  void* program_data = nullptr;  // linux_abi::task

  std::atomic<thread_state> state{thread_state::runnable};
  std::atomic<bool> wake_token{false};
  std::atomic<bool> on_cpu{false};
  std::atomic<u32> cpu{0};    // where it runs, is queued, or ran last
  std::atomic<cpu_mask> affinity{~0ull};
  bool urgent = false;        // goes before all others (management); never keeps a CPU for long
  bool idle = false;
  int nice = 0;
  int policy = 0;             // SCHED_OTHER, SCHED_BATCH or SCHED_IDLE: kept and shown; all are scheduled alike

  tree_hook run_queue_hook;
  thread* next_incoming = nullptr;
  u64 virtual_runtime = 0;
  u64 started_running = 0;    // ticks
  u64 queued_at = 0;          // ticks
  u64 total_runtime = 0;      // ticks
  u64 context_switches = 0;
  list_hook all_hook;
  char name[16] = {};
  inplace_function<void(), 64> body;  // kernel threads
};

struct thread_options {
  std::string_view name;
  bool program = false;  // has vector state
  cpu_mask affinity = ~0ull;
  bool urgent = false;
};

/// A thread that will run `entry(argument)` on its own kernel stack once started. Not yet known to the scheduler.
result<ref<thread>> create_thread(const thread_options& options, void (*entry)(void*), void* argument);
/// First thing that `entry` does: completes the switch to the new thread. Interrupts are off and stay so.
void finish_first_switch();
/// Makes a created thread runnable.
void start(thread& t);
/// Ends the current thread. The caller's reference-holding objects must be gone from its stack.
[[noreturn]] void exit_current();

/// Puts the current context under the scheduler as CPU `cpu`'s idle thread; from here on current() works on this CPU.
void adopt_idle(unsigned cpu, u64 stack_top);
/// The idle loop of this CPU: never returns.
[[noreturn]] void idle_loop();

/// Interrupt handlers of the scheduler: called by the vector dispatch with interrupts off.
void handle_timer_interrupt();
void handle_wake_up_interrupt();
/// At the end of every interrupt that may preempt.
void preempt_from_interrupt();

void set_affinity(thread& t, cpu_mask mask);
/// Time this thread has run, in nanoseconds.
nanoseconds runtime(const thread& t);
/// Time that the program's ended threads have run.
nanoseconds ended_program_runtime();

/// Calls f for every live thread, with the list's lock held: f must not sleep.
void for_each_thread(function_ref<void(thread&)> f);
u32 thread_count();
/// Ready threads and the running one (if not idle) over all CPUs: for the load average.
u32 runnable_count();
/// Is CPU `cpu` halted for lack of work?
bool is_idle(unsigned cpu);

/// While ticking, each CPU that runs a thread of the program calls `program_tick` about once a millisecond, from its timer
/// interrupt: for what waits for CPU time. Nothing ticks otherwise, nor on a CPU that idles.
void set_ticking(bool on);
extern void (*program_tick)(thread& running);

/// Called on a CPU before it runs a program thread after having idled (translations may be stale).
extern void (*before_leaving_idle)();

}  // namespace osv::sched
