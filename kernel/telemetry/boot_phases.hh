// How long each phase of the boot took.
#pragma once

#include "telemetry/metric_table.hh"

namespace osv::telemetry {

/// Notes that `phase` has ended now. Costs one read of the time-stamp counter; usable before anything is initialised.
/// The last phase, program_load, ends when the program is about to execute its first instruction.
void mark_boot_phase(boot_phase phase);

/// Nanoseconds from the kernel's entry to the end of the last phase; 0 while booting.
long long boot_nanoseconds();

void register_boot_phase_sources();

}  // namespace osv::telemetry
