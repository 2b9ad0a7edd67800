// timer_create(2) and its family, setitimer(2), alarm(2).
#include "linux/posix_timers.hh"
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/clocks.hh"
#include "linux/syscalls/handlers.hh"
#include "linux/task.hh"

namespace osv::linux_abi {

namespace {

constexpr usize timers_max = 16384;

/// The process's timers. Looked at by system calls only; an expiry knows its own timer.
struct timer_list {
  sync::mutex mutex;
  list<signal_timer, &signal_timer::hook> timers;
  usize count = 0;
  i32 next_id = 0;
};
timer_list created;

/// struct sigevent (sigevent(3type)).
struct linux_sigevent {
  u64 value;
  i32 signal_number;
  i32 notify;  // SIGEV_SIGNAL 0, SIGEV_NONE 1, SIGEV_THREAD 2, SIGEV_THREAD_ID 4
  i32 thread;
  i32 padding[11];
};
static_assert(sizeof(linux_sigevent) == 64);

struct linux_itimerspec {
  linux_timespec interval, value;
};
linux_itimerspec convert(const signal_timer::setting& s) { return {linux_timespec::of(s.interval), linux_timespec::of(s.value)}; }

result<timer_notification> notification_from(const void* event_pointer, i32 id) {
  timer_notification n;
  if (!event_pointer) {
    n.signal_number = signal::alarm;
    n.value = static_cast<u64>(id);
    return n;
  }
  const auto event = TRY(memory::read_program<linux_sigevent>(event_pointer));
  n.signal_number = event.signal_number;
  n.value = event.value;
  constexpr i32 notify_signal = 0, notify_none = 1, notify_thread_id = 4;
  switch (event.notify) {
    case notify_none:
      n.silent = true;
      return n;
    case notify_thread_id:
      n.thread = static_cast<u32>(event.thread);
      if (!with_task(n.thread, [](task&) {}).ok()) return fail(errc::invalid);
      break;
    case notify_signal:
      break;
    default:
      return fail(errc::invalid);
  }
  if (n.signal_number < 1 || n.signal_number > signals_max) return fail(errc::invalid);
  return n;
}

/// Runs `f` on the timer with the list's mutex held.
template <typename F>
auto with_timer(i32 id, F&& f) -> decltype(f(created.timers.front())) {
  sync::mutex_guard g(created.mutex);
  for (signal_timer& t : created.timers)
    if (t.id() == id) return f(t);
  return fail(errc::invalid);
}

}  // namespace

result<> sys_timer_create(i32 clock, const void* event, i32* id_pointer) {
  (void)TRY(clock_now(clock));
  u32 thread = 0;
  if (const auto counted = cpu_clock_of(clock); counted.ok()) {
    thread = counted.value();
    clock = thread ? clock_id::thread_time : clock_id::process_time;
  }
  sync::mutex_guard g(created.mutex);
  if (created.count >= timers_max) return fail(errc::again);
  const i32 id = created.next_id;
  const timer_notification n = TRY(notification_from(event, id));
  unique<signal_timer> timer = TRY(make_unique<signal_timer>(current_process(), id, clock, thread, n));
  TRY(memory::write_program(id_pointer, id));
  created.next_id = id == INT32_MAX ? 0 : id + 1;
  created.timers.push_back(*timer.release());
  ++created.count;
  return {};
}

result<> sys_timer_delete(i32 id) {
  unique<signal_timer> gone;
  TRY(with_timer(id, [&](signal_timer& t) -> result<> {
    t.hook.unlink();
    --created.count;
    gone.reset(&t);
    return {};
  }));
  return {};
}

void delete_timers() {
  sync::mutex_guard g(created.mutex);
  while (signal_timer* t = created.timers.pop_front()) delete t;
  created.count = 0;
}

result<> sys_timer_settime(i32 id, u32 flags, const void* wanted, void* old) {
  constexpr u32 absolute = 1;
  const auto spec = TRY(memory::read_program<linux_itimerspec>(wanted));
  if (!spec.value.valid() || !spec.interval.valid()) return fail(errc::invalid);
  const auto previous = TRY(with_timer(id, [&](signal_timer& t) -> result<signal_timer::setting> {
    return t.set({spec.value.total(), spec.interval.total()}, flags & absolute);
  }));
  if (!old) return {};
  return memory::write_program(old, convert(previous));
}

result<> sys_timer_gettime(i32 id, void* into) {
  const auto setting = TRY(with_timer(id, [](signal_timer& t) -> result<signal_timer::setting> { return t.get(); }));
  return memory::write_program(into, convert(setting));
}

result<i32> sys_timer_getoverrun(i32 id) {
  return with_timer(id, [](signal_timer& t) -> result<i32> { return t.overrun(); });
}

namespace {

/// struct itimerval.
struct linux_itimerval {
  linux_timeval interval, value;
};

/// setitimer(2)'s: ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF, made when first used. In ring 0 all time of a program is one kind.
result<signal_timer*> interval_timer(int which) {
  struct kind {
    i32 clock;
    i32 signal_number;
  };
  constexpr kind kinds[] = {{clock_id::monotonic, signal::alarm},
                            {clock_id::process_time, signal::virtual_alarm},
                            {clock_id::process_time, signal::profile}};
  static std::atomic<signal_timer*> timers[3];
  if (which < 0 || which > 2) return fail(errc::invalid);
  if (signal_timer* existing = timers[which].load(std::memory_order_acquire)) return existing;
  timer_notification n;
  n.signal_number = kinds[which].signal_number;
  n.queued = false;
  unique<signal_timer> fresh = TRY(make_unique<signal_timer>(current_process(), -1 - which, kinds[which].clock, 0u, n));
  signal_timer* expected = nullptr;
  if (timers[which].compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel)) return fresh.release();
  return expected;
}

linux_itimerval to_linux(const signal_timer::setting& s) { return {linux_timeval::of(s.interval), linux_timeval::of(s.value)}; }

}  // namespace

result<> sys_setitimer(int which, const void* wanted, void* old) {
  linux_itimerval spec{};
  if (wanted) spec = TRY(memory::read_program<linux_itimerval>(wanted));
  if (!spec.value.valid() || !spec.interval.valid()) return fail(errc::invalid);
  signal_timer& timer = *TRY(interval_timer(which));
  const auto previous = timer.set({spec.value.total(), spec.interval.total()}, false);
  if (!old) return {};
  return memory::write_program(old, to_linux(previous));
}

result<> sys_getitimer(int which, void* into) {
  signal_timer& timer = *TRY(interval_timer(which));
  return memory::write_program(into, to_linux(timer.get()));
}

result<u32> sys_alarm(u32 seconds) {
  signal_timer& timer = *TRY(interval_timer(0));
  const auto previous = timer.set({seconds * second, 0}, false);
  // Rounded, but never to 0 while the alarm was armed (alarm(2)).
  const nanoseconds rounded = (previous.value + second / 2) / second;
  return static_cast<u32>(previous.value && rounded == 0 ? 1 : rounded);
}

}  // namespace osv::linux_abi
