// The network as the configuration wants it.
#pragma once

#include "boot/configuration.hh"

namespace osv::boot {

/// Brings interfaces up, waits for DHCP where it was asked for (bounded), and writes /etc/resolv.conf and /etc/hostname.
result<> start_network(const configuration& c);

}  // namespace osv::boot
