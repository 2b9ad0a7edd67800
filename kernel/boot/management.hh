// Metrics and the management port: what only the top layer can put together.
#pragma once

#include "boot/configuration.hh"

namespace osv::boot {

/// Registers every source of metrics and starts the server, if the configuration wants one. A server that cannot start is
/// logged: the program runs without it.
void start_management(const configuration& c);

}  // namespace osv::boot
