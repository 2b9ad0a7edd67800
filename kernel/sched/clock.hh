// Time. Monotonic counts from boot; realtime is the host's wall clock.
#pragma once

#include "base/types.hh"

namespace osv::sched {

/// CLOCK_MONOTONIC in nanoseconds.
nanoseconds now();
/// CLOCK_REALTIME in nanoseconds since 1970-01-01 UTC.
nanoseconds realtime();
/// Shifts CLOCK_REALTIME (clock_settime(2)).
void set_realtime(nanoseconds value);

}  // namespace osv::sched
