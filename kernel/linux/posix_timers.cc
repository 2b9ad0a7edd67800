#include "linux/posix_timers.hh"

#include "linux/syscalls/clocks.hh"
#include "linux/task.hh"

namespace osv::linux_abi {

namespace {
/// A periodic timer fires at most this often; shorter periods show up as overruns.
constexpr nanoseconds interval_min = 20 * microsecond;

/// Timers that wait for CPU time.
struct armed_timers {
  lock::irq_spin_lock lock{lock::rank::cpu_timers};
  list<signal_timer, &signal_timer::armed_hook> timers;
};
armed_timers waiting_for_cpu_time;

bool follows_wall_clock(i32 clock) { return clock == clock_id::realtime || clock == clock_id::realtime_alarm || clock == clock_id::atomic_time; }

}  // namespace

signal_timer::signal_timer(process& owner, i32 id, i32 clock, u32 thread, const timer_notification& n)
    : owner_(owner), id_(id), clock_(clock), thread_(thread), notification_(n), timer_([this](sched::timer& t) {
        if (const nanoseconds next = expired(sched::now())) t.arm(next);
      }) {}

bool signal_timer::counts_cpu_time() const { return clock_ == clock_id::process_time || clock_ == clock_id::thread_time; }

nanoseconds signal_timer::clock_value() const {
  if (clock_ == clock_id::process_time) return process_run_time();
  // That of a thread that is gone stands still.
  if (clock_ == clock_id::thread_time) return thread_run_time(thread_);
  return sched::now();
}

void signal_timer::arm(nanoseconds at) {
  next_.store(at, std::memory_order_relaxed);
  if (!counts_cpu_time()) return timer_.arm(at);
  {
    lock::guard g(waiting_for_cpu_time.lock);
    waiting_for_cpu_time.timers.push_back(*this);
    sched::program_tick = &signal_timer::check_cpu_time;
  }
  sched::set_ticking(true);
}

void signal_timer::disarm() {
  timer_.cancel();
  if (!counts_cpu_time()) return;
  lock::guard g(waiting_for_cpu_time.lock);
  if (armed_hook.is_linked()) armed_hook.unlink();
  if (waiting_for_cpu_time.timers.empty()) sched::set_ticking(false);
}

void signal_timer::check_cpu_time(sched::thread& running) {
  lock::guard g(waiting_for_cpu_time.lock);
  nanoseconds process_time = 0;  // asked once a tick
  for (signal_timer& t : waiting_for_cpu_time.timers) {
    nanoseconds time;
    if (t.clock_ == clock_id::process_time) {
      time = process_time = process_time ? process_time : process_run_time();
    } else {
      if (t.thread_ != running.id) continue;
      time = sched::runtime(running);
    }
    if (time < t.next_.load(std::memory_order_relaxed)) continue;
    if (!t.expired(time)) t.armed_hook.unlink();
  }
  if (waiting_for_cpu_time.timers.empty()) sched::set_ticking(false);
}

queued_signal* signal_timer::pending_signal() {
  const auto find = [this](pending_signals& pending) -> queued_signal* {
    if (!(pending.set & bit_of(notification_.signal_number))) return nullptr;
    for (queued_signal& q : pending.queue)
      if (q.info.number == notification_.signal_number && q.info.code == signal_code::timer && q.info.timer.timer == id_) return &q;
    return nullptr;
  };
  if (!notification_.thread) return find(owner_.pending);
  for (task_link& link : owner_.tasks)
    if (auto& t = static_cast<task&>(link); t.id == notification_.thread) return find(t.pending);
  return nullptr;
}

/// In the timer interrupt.
nanoseconds signal_timer::expired(nanoseconds now) {
  const nanoseconds interval = interval_.load(std::memory_order_relaxed);
  nanoseconds next = 0;
  i64 missed = 0;
  if (interval) {
    next = next_.load(std::memory_order_relaxed) + interval;
    const nanoseconds earliest = now + (interval < interval_min ? interval_min : 0);
    if (next < earliest) {
      missed = (earliest - next + interval - 1) / interval;
      next += missed * interval;
    }
  }
  next_.store(next, std::memory_order_relaxed);
  if (notification_.silent) return next;
  signal_info info;
  info.number = notification_.signal_number;
  info.code = notification_.queued ? signal_code::timer : signal_code::kernel;
  if (notification_.queued) {
    // One signal a timer is pending at a time; what expires meanwhile is counted in it (timer_getoverrun(2)).
    lock::guard g(owner_.signal_lock);
    if (queued_signal* waiting = pending_signal()) {
      merged_ = static_cast<i32>(merged_ + missed + 1 < INT32_MAX ? merged_ + missed + 1 : INT32_MAX);
      waiting->info.timer.overrun = merged_;
      return next;
    }
    merged_before_ = merged_;
    merged_ = static_cast<i32>(missed < INT32_MAX ? missed : INT32_MAX);
    info.timer.timer = id_;
    info.timer.overrun = merged_;
    info.timer.value = notification_.value;
  }
  if (notification_.thread)
    (void)with_task(owner_, notification_.thread, [&](task& t) { (void)send_signal(t, info); });
  else
    (void)send_signal(owner_, info);
  return next;
}

i32 signal_timer::overrun() {
  lock::guard g(owner_.signal_lock);
  return pending_signal() ? merged_before_ : merged_;
}

signal_timer::setting signal_timer::remaining() const {
  const nanoseconds next = next_.load(std::memory_order_relaxed);
  const nanoseconds left = next ? next - clock_value() : 0;
  return {next ? (left > 0 ? left : 1) : 0, interval_.load(std::memory_order_relaxed)};
}

signal_timer::setting signal_timer::set(setting wanted, bool absolute) {
  sync::mutex_guard g(mutex_);
  disarm();
  const setting old = remaining();
  interval_.store(wanted.value ? wanted.interval : 0, std::memory_order_relaxed);
  next_.store(0, std::memory_order_relaxed);
  {
    lock::guard locked(owner_.signal_lock);
    merged_ = merged_before_ = 0;
  }
  if (!wanted.value) return old;
  const nanoseconds now = clock_value();
  nanoseconds at = wanted.value;
  if (!absolute)
    at = wanted.value >= never - now ? never - 1 : now + wanted.value;
  else if (follows_wall_clock(clock_))
    at = wanted.value - (sched::realtime() - now);
  arm(at > 0 ? at : 1);
  return old;
}

signal_timer::setting signal_timer::get() {
  sync::mutex_guard g(mutex_);
  return remaining();
}

}  // namespace osv::linux_abi
