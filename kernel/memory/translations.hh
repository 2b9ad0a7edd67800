// Keeping the translation buffers of all CPUs true.
#pragma once

#include "base/types.hh"

namespace osv::memory {

/// After entries of the program's half in [begin, end) were made stricter or taken away: on return no CPU uses the old ones.
/// Callers may sleep and hold no spin lock; interrupts are on.
void flush_translations(u64 begin, u64 end);
/// Vector handler on the other CPUs.
void handle_flush_interrupt();
/// Before a CPU that idled runs a program thread again.
void flush_if_stale();

}  // namespace osv::memory
