// Time. Monotonic counts from boot; realtime is the host's wall clock.
#pragma once

#include "sched/clock_parameters.hh"

namespace osv::sched {

struct clock_sources {
  u64 entry_timestamp = 0;              // time-stamp counter at the kernel's first instruction: CLOCK_MONOTONIC's zero
  u16 power_management_timer_port = 0;  // FADT; 0: none
  u8 century_register = 0;              // FADT; 0: none
};
/// Finds the counter's rate and the wall-clock time. Before it, now() is 0. Needs memory::to_physical.
void initialize_clock(const clock_sources& sources);
/// Measures the rate more precisely 0.1, 1 and 4 seconds from now. Needs timers.
void start_clock_refinement();
/// The page (aligned, page_size bytes) that begins with clock_parameters; to be mapped read-only for the vDSO.
const void* clock_page();
/// The time-stamp counter's value at `deadline` (for the timer hardware); far ends saturate.
u64 timestamp_at(nanoseconds deadline);

/// CLOCK_MONOTONIC in nanoseconds.
nanoseconds now();
/// CLOCK_REALTIME in nanoseconds since 1970-01-01 UTC.
nanoseconds realtime();
/// Shifts CLOCK_REALTIME (clock_settime(2)).
void set_realtime(nanoseconds value);

}  // namespace osv::sched
