#include "telemetry/trace_time.hh"

#include "arch/cpu.hh"
#include "sched/clock.hh"

namespace osv::telemetry {

nanoseconds duration_of(u64 ticks) {
  const auto& rate = *static_cast<const sched::clock_parameters*>(sched::clock_page());
  const auto duration = static_cast<unsigned __int128>(ticks) * rate.mult >> rate.shift;
  return duration > never ? never : static_cast<nanoseconds>(duration);
}

nanoseconds time_of(u64 timestamp) {
  nanoseconds now;
  u64 present;
  {
    // The two belong together: nothing may come between them.
    arch::interrupt_guard guard;
    now = sched::now();
    present = arch::timestamp();
  }
  if (timestamp >= present) return now;
  const nanoseconds ago = duration_of(present - timestamp);
  return ago >= now ? 0 : now - ago;
}

}  // namespace osv::telemetry
