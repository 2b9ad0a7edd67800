// The system-call entry as boot/ and telemetry/ see it.
#pragma once

#include "base/trace_ids.hh"
#include "base/types.hh"

namespace osv::linux_abi {

/// Before the program starts.
void initialize_system_calls();
/// Puts the tracepoints system_call_enter and system_call_exit into every call's way, or takes them out.
void trace_system_calls(bool on);
/// Counts a call that is not there, names it once in the log, and answers -ENOSYS.
i64 unimplemented(unsigned number);

/// How long calls of a number took, entry to return: the first one and then one in sixteen of each CPU is timed. It changes
/// under the reader's eyes. nullptr before the first.
const trace::histogram_values* system_call_latency(unsigned number);

}  // namespace osv::linux_abi
