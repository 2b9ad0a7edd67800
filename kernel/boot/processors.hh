// Bringing up the processors.
#pragma once

#include "base/types.hh"

namespace osv::boot {

/// The block and tables of the first CPU; the very first thing, so that GS works.
void initialize_boot_processor();
/// Finds out whether device_barrier() needs more than a fence here. After acpi::initialize(), before any device.
void judge_fences();
/// Starts every other usable CPU. In a thread, with timers running.
void start_application_processors();

}  // namespace osv::boot
