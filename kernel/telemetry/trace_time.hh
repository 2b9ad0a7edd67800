// Time-stamp counter values as CLOCK_MONOTONIC.
#pragma once

#include "base/types.hh"

namespace osv::telemetry {

/// When arch::timestamp() was `timestamp`. Right for times before the clock was calibrated, too, since it counts back from
/// now at the present rate. 0 at the earliest.
nanoseconds time_of(u64 timestamp);
/// How long `ticks` of the counter last.
nanoseconds duration_of(u64 ticks);

}  // namespace osv::telemetry
