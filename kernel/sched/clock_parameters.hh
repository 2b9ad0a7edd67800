// What turns a time-stamp counter into time; the vDSO reads the same page.
#pragma once

#include "base/types.hh"

namespace osv::sched {

/// Sequence lock: odd while being written; read again when it changed.
/// monotonic = ns_base + ((timestamp - tsc_base) * mult >> shift), the product taken in 128 bits; realtime = monotonic + realtime_offset.
struct clock_parameters {
  u64 tsc_base;
  u64 ns_base;
  u32 mult;
  u32 shift;
  i64 realtime_offset;
  u32 sequence;
};

}  // namespace osv::sched
