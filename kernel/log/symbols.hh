// Names of the kernel's functions, for backtraces.
#pragma once

#include "base/types.hh"

namespace osv::log {

/// Name and offset of the function that holds `address`: "osv::sched::schedule+0x1f"; hexadecimal when unknown. NUL-terminated.
void write_symbol(u64 address, char* into, usize capacity);

}  // namespace osv::log
