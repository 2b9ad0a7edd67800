// Bringing up the processors.
#pragma once

#include "base/types.hh"

namespace osv::boot {

/// The block and tables of the first CPU; the very first thing, so that GS works.
void initialize_boot_processor();
/// Finds out whether device_barrier() needs more than a fence here. After acpi::initialize(), before any device.
void judge_fences();
/// Takes the pages away that the first CPU's stacks would run into. The page tables are built, no other CPU runs.
void guard_first_stacks();
/// Does an unmapped page lie below every stack: threads', interrupts', the first CPU's?
bool stacks_are_guarded();
/// Is `address` in such a page?
bool is_stack_guard(u64 address);
/// Starts every other usable CPU. In a thread, with timers running.
void start_application_processors();

}  // namespace osv::boot
