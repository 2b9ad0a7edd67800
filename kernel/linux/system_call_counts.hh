// How often each system call was made, for telemetry, and what happens to those that do not exist.
#pragma once

#include "base/types.hh"

namespace osv::linux_abi {

/// Calls with this number since boot, over all CPUs, implemented or not.
u64 system_call_count(unsigned number);
/// Of these, the ones that were answered ENOSYS for lack of a handler.
u64 unimplemented_count(unsigned number);
/// "read"; "unknown" for numbers that Linux does not have.
const char* system_call_name(unsigned number);

}  // namespace osv::linux_abi
