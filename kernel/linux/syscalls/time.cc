// Clocks and sleeping: clock_gettime(2), gettimeofday(2), nanosleep(2), clock_settime(2), adjtimex(2), times(2).
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/clocks.hh"
#include "linux/syscalls/handlers.hh"
#include "sched/scheduler.hh"

namespace osv::linux_abi {

namespace {

result<> store_time(linux_timespec* into, nanoseconds value) {
  if (!into) return {};
  return memory::write_program(into, linux_timespec::of(value));
}

}  // namespace

nanoseconds process_run_time() {
  nanoseconds total = sched::ended_program_runtime();
  // The list's callback runs under a spin lock: it only adds.
  sched::for_each_thread([&](sched::thread& t) {
    if (t.program_data) total += sched::runtime(t);
  });
  return total;
}

nanoseconds thread_run_time(u32 id) {
  if (id == sched::current().id) return sched::runtime(sched::current());
  nanoseconds time = -1;
  sched::for_each_thread([&](sched::thread& t) {
    if (t.program_data && t.id == id) time = sched::runtime(t);
  });
  return time;
}

result<u32> cpu_clock_of(i32 clock) {
  if (clock == clock_id::process_time) return u32{0};
  if (clock == clock_id::thread_time) return sched::current().id;
  // ~id << 3 | 4 for threads | 0 to 2; 3 are clocks behind descriptors.
  if (clock >= 0 || (clock & 3) == 3) return fail(errc::invalid);
  const u32 id = ~(clock >> 3);
  if (clock & 4) return id ? id : sched::current().id;
  if (id != 0 && id != current_process().id) return fail(errc::invalid);
  return u32{0};
}

result<nanoseconds> clock_now(i32 clock) {
  switch (clock) {
    case clock_id::realtime:
    case clock_id::realtime_coarse:
    case clock_id::realtime_alarm:
    case clock_id::atomic_time:
      return sched::realtime();
    case clock_id::monotonic:
    case clock_id::monotonic_raw:
    case clock_id::monotonic_coarse:
    case clock_id::boot_time:
    case clock_id::boot_time_alarm:
      return sched::now();
    default:
      break;
  }
  const u32 thread = TRY(cpu_clock_of(clock));
  const nanoseconds time = thread ? thread_run_time(thread) : process_run_time();
  if (time < 0) return fail(errc::invalid);
  return time;
}

result<> sys_clock_gettime(i32 clock, linux_timespec* into) {
  return memory::write_program(into, linux_timespec::of(TRY(clock_now(clock))));
}

result<> sys_clock_getres(i32 clock, linux_timespec* into) {
  (void)TRY(clock_now(clock));
  return store_time(into, 1);
}

result<> sys_clock_settime(i32 clock, const linux_timespec* value) {
  if (clock != clock_id::realtime) return fail(errc::invalid);
  const auto t = TRY(memory::read_program<linux_timespec>(value));
  if (!t.valid()) return fail(errc::invalid);
  sched::set_realtime(t.total());
  return {};
}

result<> sys_gettimeofday(linux_timeval* into, void* zone) {
  if (into) TRY(memory::write_program(into, linux_timeval::of(sched::realtime())));
  if (zone) TRY(memory::zero_program(zone, 8));
  return {};
}

result<> sys_settimeofday(const linux_timeval* value, const void*) {
  if (!value) return {};
  const auto t = TRY(memory::read_program<linux_timeval>(value));
  if (!t.valid()) return fail(errc::invalid);
  sched::set_realtime(t.total());
  return {};
}

namespace {

/// struct timex (adjtimex(2)).
struct linux_timex {
  u32 modes, padding0;
  i64 offset, frequency, maximum_error, estimated_error;
  i32 status, padding1;
  i64 constant, precision, tolerance;
  linux_timeval time;
  i64 tick, pulse_frequency, jitter;
  i32 shift, padding2;
  i64 stability, jitter_count, calibration_count, error_count, stability_count;
  i32 atomic_offset, padding3[11];
};
static_assert(sizeof(linux_timex) == 208);

}  // namespace

// The host disciplines the clock: it can be read and set here, and its rate cannot be changed.
result<int> sys_clock_adjtime(i32 clock, void* into) {
  constexpr u32 set_offset = 0x100, nanosecond_steps = 0x2000, read_slewing = 0xa001;  // ADJ_*
  constexpr i32 not_synchronised = 0x40, time_error = 5;                               // STA_UNSYNC, TIME_ERROR
  constexpr i64 error_limit = 16'000'000, tolerance = 500 << 16, tick = 10'000;
  if (clock != clock_id::realtime) {
    (void)TRY(clock_now(clock));
    return fail(errc::not_supported);
  }
  const auto wanted = TRY(memory::read_program<linux_timex>(into));
  if (wanted.modes != 0 && wanted.modes != read_slewing) {
    if ((wanted.modes & ~nanosecond_steps) != set_offset) return fail(errc::not_permitted);
    const bool fine = wanted.modes & nanosecond_steps;
    const i64 part = wanted.time.microseconds, parts = fine ? second : second / microsecond;
    if (part < 0 || part >= parts) return fail(errc::invalid);
    const nanoseconds value = sched::realtime() + wanted.time.seconds * second + part * (fine ? 1 : microsecond);
    if (value < 0) return fail(errc::invalid);
    sched::set_realtime(value);
  }
  linux_timex now{};
  now.modes = wanted.modes;
  now.maximum_error = now.estimated_error = error_limit;
  now.status = not_synchronised;
  now.constant = 2;
  now.precision = 1;
  now.tolerance = tolerance;
  now.time = linux_timeval::of(sched::realtime());
  now.tick = tick;
  TRY(memory::write_program(into, now));
  return time_error;
}
result<int> sys_adjtimex(void* into) { return sys_clock_adjtime(clock_id::realtime, into); }

result<i64> sys_time(i64* into) {
  const i64 now = sched::realtime() / second;
  if (into) TRY(memory::write_program(into, now));
  return now;
}

namespace {

/// Sleeps until a point of the monotonic clock. Interrupted: writes what is left of a relative sleep.
result<> sleep(nanoseconds deadline, linux_timespec* rest) {
  if (sched::sleep_until(deadline)) return {};
  if (!rest) return fail(errc::interrupted);
  const nanoseconds left = deadline - sched::now();
  TRY(store_time(rest, left > 0 ? left : 0));
  return fail(errc::interrupted);
}

}  // namespace

result<> sys_nanosleep(const linux_timespec* duration, linux_timespec* rest) {
  const auto t = TRY(memory::read_program<linux_timespec>(duration));
  if (!t.valid()) return fail(errc::invalid);
  return sleep(deadline_after(t.total()), rest);
}

result<> sys_clock_nanosleep(i32 clock, u32 flags, const linux_timespec* duration, linux_timespec* rest) {
  constexpr u32 absolute = 1;
  if (clock == clock_id::thread_time) return fail(errc::invalid);
  const nanoseconds clock_time = TRY(clock_now(clock));
  if (clock == clock_id::process_time || clock < 0) return fail(errc::not_supported);
  const auto t = TRY(memory::read_program<linux_timespec>(duration));
  if (!t.valid()) return fail(errc::invalid);
  if (!(flags & absolute)) return sleep(deadline_after(t.total()), rest);
  const nanoseconds deadline = sched::now() + (t.total() - clock_time);
  // An absolute sleep may simply be begun again.
  if (auto slept = sleep(deadline, nullptr); !slept.ok()) return fail(errc::restart_no_handler);
  return {};
}

result<i64> sys_times(i64* into) {
  constexpr nanoseconds tick = second / 100;  // sysconf(_SC_CLK_TCK) is 100
  if (into) {
    // struct tms: user, system, children's. Ring 0 knows one kind of time.
    const i64 values[4] = {process_run_time() / tick, 0, 0, 0};
    TRY(memory::copy_to_program(into, values, sizeof values));
  }
  return sched::now() / tick;
}

}  // namespace osv::linux_abi
