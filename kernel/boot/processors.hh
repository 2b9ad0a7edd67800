// Bringing up the processors.
#pragma once

#include "base/types.hh"

namespace osv::boot {

/// The block and tables of the first CPU; the very first thing, so that GS works.
void initialize_boot_processor();
/// Starts every other usable CPU. In a thread, with timers running.
void start_application_processors();

}  // namespace osv::boot
