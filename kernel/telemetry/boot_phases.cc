#include "telemetry/boot_phases.hh"

#include "arch/cpu.hh"
#include "telemetry/sources.hh"
#include "telemetry/trace_time.hh"

namespace osv::telemetry {

namespace {
constexpr usize phases = static_cast<usize>(boot_phase::count);
constinit u64 ended_at[phases] = {};  // time-stamp counter; 0: not yet
}  // namespace

void mark_boot_phase(boot_phase phase) { ended_at[static_cast<usize>(phase)] = arch::timestamp(); }

long long boot_nanoseconds() {
  const u64 end = ended_at[phases - 1];
  return end ? time_of(end) : 0;
}

void register_boot_phase_sources() {
  // Whoever asks during the boot gets no 0, which would be read as a very fast boot.
  register_source(metric::boot_seconds, [](sample_sink& sink) {
    if (const long long booted = boot_nanoseconds()) sink.value(booted);
  });
  register_source(metric::boot_phase_seconds, [](sample_sink& sink) {
    // A phase lasts from the latest end before its own; phases need not come in the order of the table.
    for (usize i = 0; i < phases; ++i) {
      if (!ended_at[i]) continue;
      u64 began = 0;
      for (u64 other : ended_at)
        if (other < ended_at[i] && other > began) began = other;
      sink.sample(boot_phase_names[i], began ? duration_of(ended_at[i] - began) : time_of(ended_at[i]));
    }
  });
}

}  // namespace osv::telemetry
