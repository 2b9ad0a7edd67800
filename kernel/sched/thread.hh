// Threads as upper layers see them: create, park, unpark. The scheduler's own state is in sched/scheduler.hh.
#pragma once

#include <atomic>
#include <string_view>

#include "base/function.hh"
#include "base/memory.hh"
#include "base/types.hh"

namespace osv::sched {

class thread;

/// The running thread.
thread& current();

/// Blocks until `unpark(current())` or `deadline` (CLOCK_MONOTONIC). A wake-up given before the call is not lost: it makes
/// the call return at once. Returns may be spurious: callers loop over their own condition. False: the deadline passed.
bool park(nanoseconds deadline = never);
/// Lets `t` return from its present or next park(). Safe in interrupts and with spin locks held (rank below run_queue).
void unpark(thread& t);
/// Lets another runnable thread go first.
void yield();

/// Sleeps; false if interrupted by a signal.
bool sleep_until(nanoseconds deadline);

/// Starts a kernel thread (a thread that never runs the program's code). The callback's return ends it.
result<ref<thread>> spawn(std::string_view name, inplace_function<void(), 64> body);

/// True when a signal (or the end of the process) wants the thread's attention: interruptible waits give up then.
bool interrupted(const thread& t);

/// thread is reference-counted; these are defined where its layout is known.
void retain(const thread& t);
void release(const thread& t);

}  // namespace osv::sched

template <>
struct osv::ref_operations<osv::sched::thread> {
  static void retain(const sched::thread* t) { sched::retain(*t); }
  static void release(const sched::thread* t) { sched::release(*t); }
};
