#include "telemetry/trace_time.hh"

#include "arch/cpu.hh"
#include "sched/clock.hh"

namespace osv::telemetry {

nanoseconds time_of(u64 timestamp) {
  const auto& rate = *static_cast<const sched::clock_parameters*>(sched::clock_page());
  const nanoseconds now = sched::now();
  const u64 present = arch::timestamp();
  if (timestamp >= present) return now;
  const auto ago = static_cast<unsigned __int128>(present - timestamp) * rate.mult >> rate.shift;
  return ago >= static_cast<unsigned __int128>(now) ? 0 : now - static_cast<nanoseconds>(ago);
}

}  // namespace osv::telemetry
