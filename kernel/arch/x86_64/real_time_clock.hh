// The battery-backed clock (MC146818): whole seconds of UTC.
#pragma once

#include "base/types.hh"

namespace osv::arch {

/// Seconds since 1970-01-01 UTC, or 0 when there is no such clock. `century_register` from the FADT; 0: none.
/// QEMU's `-rtc base=utc` (its default) is assumed.
i64 read_real_time_clock(u8 century_register);

}  // namespace osv::arch
