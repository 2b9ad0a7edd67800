// Signals: pending sets, actions, delivery (signal(7), sigaction(2)).
#pragma once

#include "arch/x86_64/frame.hh"
#include "base/list.hh"
#include "base/result.hh"

namespace osv::linux_abi {

class task;
class process;

constexpr int signals_max = 64;
using signal_set = u64;  // bit n-1 stands for signal n
constexpr signal_set bit_of(int signal) { return 1ull << (signal - 1); }

namespace signal {
constexpr int hang_up = 1, interrupt = 2, quit = 3, illegal = 4, trap = 5, abort = 6, bus = 7, floating_point = 8, kill = 9, user1 = 10;
constexpr int segmentation = 11, user2 = 12, pipe = 13, alarm = 14, terminate = 15, child = 17, resume = 18, stop = 19;
constexpr int terminal_stop = 20, terminal_input = 21, terminal_output = 22, urgent = 23, virtual_alarm = 26, profile = 27, window = 28, io = 29, system_call = 31;
constexpr int real_time_first = 32;
}  // namespace signal

/// "SIGSEGV" and so on; "SIG34" for real-time signals.
const char* signal_name(int signal);

/// siginfo_t (sigaction(2)); the union in words, as the kernel ABI lays it out.
struct signal_info {
  i32 number = 0;
  i32 error = 0;
  i32 code = 0;
  i32 padding = 0;
  union {
    struct {
      i32 process;
      u32 user;
      u64 value;
    } sender;  // SI_USER, SI_QUEUE, SI_TKILL
    struct {
      i32 timer;
      i32 overrun;
      u64 value;
    } timer;  // SI_TIMER
    struct {
      u64 address;
    } fault;
    struct {
      i64 band;
      i32 descriptor;
    } io;  // SIGIO
    u64 words[14] = {};
  };
};
static_assert(sizeof(signal_info) == 128);

namespace signal_code {
constexpr i32 user = 0, kernel = 0x80, queue = -1, timer = -2, thread_kill = -6;
constexpr i32 poll_in = 1, poll_out = 2;                // SIGIO
constexpr i32 not_mapped = 1, no_permission = 2;        // SIGSEGV
constexpr i32 bus_address = 2;                          // SIGBUS BUS_ADRERR
constexpr i32 illegal_operand = 2;                      // SIGILL
constexpr i32 integer_divide = 1, float_invalid = 7;    // SIGFPE
constexpr i32 trap_breakpoint = 1, trap_trace = 2;      // SIGTRAP
}  // namespace signal_code

/// struct sigaction as the system call passes it.
struct signal_action {
  u64 handler = 0;  // 0 SIG_DFL, 1 SIG_IGN
  u64 flags = 0;
  u64 restorer = 0;
  signal_set mask = 0;
};

namespace action_flag {
constexpr u64 info = 4, restart = 0x10000000, on_stack = 0x08000000, no_defer = 0x40000000, reset_handler = 0x80000000, restorer = 0x04000000;
}

struct queued_signal {
  list_hook hook;
  signal_info info;
};

/// Signals waiting for a thread or for the process. Guarded by the process's signal lock.
struct pending_signals {
  signal_set set = 0;
  list<queued_signal, &queued_signal::hook> queue;
};

/// Sends to one thread (tgkill) or to any thread of the process (kill). Safe in interrupts. Ignored signals vanish here.
/// EAGAIN: as many signals are queued as RLIMIT_SIGPENDING allows (sigqueue(3)); signals of the kernel and standard ones always arrive.
/// ESRCH: the thread has ended.
result<> send_signal(task& target, const signal_info& info);
result<> send_signal(process& target, const signal_info& info);
/// Tells a thread that does not block them of signals that wait for the process: after the thread that knew of them blocked them or
/// ended. Signal lock held.
void offer_process_signals(process& p);
/// Forgets pending signals out of `which`. Signal lock held.
void drop_signals(process& p, pending_signals& pending, signal_set which);
/// A fault of the current thread: cannot be blocked or ignored.
void force_signal(const signal_info& info, u64 trap_number, u64 error_code, u64 fault_address);

/// Delivers what is pending to the current thread by rewriting `frame`. `system_call`: the frame is a system call's whose
/// result may ask for a restart. Interrupts on.
void deliver_signals(arch::register_frame& frame, bool system_call);
/// Would signal `number` vanish on arrival? Signal lock held.
bool is_ignored(const process& p, int number);
/// Is there a signal that the current thread would take now?
bool signal_pending(task& t);
/// Sets or clears the thread's attention bit after its mask changed. Signal lock held.
void recompute_attention(task& t);

/// For sigtimedwait(2) and signalfd(2): takes one pending signal out of `wanted`, from thread or process. False if none.
bool take_signal(task& t, signal_set wanted, signal_info& info);

/// Replaces the mask until the next delivery or return to the program: ppoll, pselect, epoll_pwait, sigsuspend.
void set_temporary_mask(signal_set mask);

}  // namespace osv::linux_abi
