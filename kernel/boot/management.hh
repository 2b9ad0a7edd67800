// Gives telemetry what only upper layers know, and starts the management API.
#pragma once

#include "boot/configuration.hh"
#include "linux/process.hh"

namespace osv::boot {

/// Registers every metric's source, switches the configured tracepoints on and starts the management server, if it is
/// wanted. After the network is up, before the program starts. Problems are logged: metrics are no reason not to start.
void start_management(const configuration& settings, linux_abi::process& program);

}  // namespace osv::boot
