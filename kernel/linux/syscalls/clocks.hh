// Clock numbers of clock_gettime(2) and their present values.
#pragma once

#include "base/result.hh"

namespace osv::linux_abi {

namespace clock_id {
constexpr i32 realtime = 0, monotonic = 1, process_time = 2, thread_time = 3, monotonic_raw = 4, realtime_coarse = 5;
constexpr i32 monotonic_coarse = 6, boot_time = 7, realtime_alarm = 8, boot_time_alarm = 9, atomic_time = 11;
}  // namespace clock_id

/// EINVAL for an unknown clock.
result<nanoseconds> clock_now(i32 clock);
/// Whose CPU time `clock` counts (clock_getcpuclockid(3) too): that of a thread, which may be gone, or 0 for the process's.
/// EINVAL if it counts none, or another process's.
result<u32> cpu_clock_of(i32 clock);
/// CPU time of one thread of the program; -1 if there is none with that id.
nanoseconds thread_run_time(u32 id);
/// CPU time that all threads of the program used, those that ended included.
nanoseconds process_run_time();

}  // namespace osv::linux_abi
