// Metrics of the network stack.
#pragma once

namespace osv::telemetry {

/// Traffic by interface, drops by reason, TCP connections by state. After net::initialize.
void register_network_sources();

}  // namespace osv::telemetry
