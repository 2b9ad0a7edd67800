// Putting the network up: what boot/, telemetry/ and linux/ call.
#pragma once

#include "base/string.hh"
#include "base/vector.hh"
#include "net/configuration.hh"

namespace osv::net {

/// Makes the kernel's stack, attaches every device of devices::network_device_at, sets static addresses, registers AF_INET,
/// AF_INET6 and AF_NETLINK, and starts DHCP in a kernel thread where it is asked for. Devices must be registered before.
result<> initialize(const configuration& c);
/// Waits until every interface with DHCP has an address or gave up for now. False at the deadline (CLOCK_MONOTONIC).
bool wait_configured(nanoseconds deadline);

/// DNS servers and search domains: the configured ones, else those from DHCP. For /etc/resolv.conf.
struct resolver_configuration {
  vector<address> nameservers;
  vector<string> search_domains;
};
result<> resolver(resolver_configuration& into);

/// Before the machine goes off: net/linger.hh. Nothing where there is no network yet. Logs what was not delivered.
void deliver_last_words();

/// Numbers of connections by state, index as in Linux's net/tcp_states.h (1 ESTABLISHED … 11 CLOSING).
void tcp_connections_by_state(u32 (&out)[12]);

}  // namespace osv::net
