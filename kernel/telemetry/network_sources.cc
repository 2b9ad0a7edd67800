#include "telemetry/network_sources.hh"

#include "net/stack.hh"
#include "net/tcp/tcp.hh"
#include "telemetry/sources.hh"

namespace osv::telemetry {

namespace {

using statistics = net::interface::statistics;

/// One number of every interface.
void register_interfaces(metric which, std::atomic<u64> statistics::*number) {
  register_source(which, [number](sample_sink& sink) {
    net::stack& stack = net::the_stack();
    for (unsigned i = 0; i < stack.interface_count(); ++i) {
      net::interface& interface = stack.interface_at(i);
      sink.sample(interface.name(), static_cast<i64>((interface.counters.*number).load(std::memory_order_relaxed)));
    }
  });
}

/// The table's states in the order of their names, as the stack numbers them.
constexpr net::tcp::state tcp_states[] = {
    net::tcp::state::listen,     net::tcp::state::syn_sent,   net::tcp::state::syn_received, net::tcp::state::established,
    net::tcp::state::fin_wait_1, net::tcp::state::fin_wait_2, net::tcp::state::close_wait,   net::tcp::state::closing,
    net::tcp::state::last_ack,   net::tcp::state::time_wait,
};
static_assert(std::size(tcp_states) == static_cast<usize>(tcp_state::count));
static_assert(static_cast<usize>(net::drop_reason::count) == static_cast<usize>(network_drop::count));

}  // namespace

void register_network_sources() {
  register_interfaces(metric::network_receive_bytes, &statistics::received_bytes);
  register_interfaces(metric::network_receive_packets, &statistics::received_packets);
  register_interfaces(metric::network_transmit_bytes, &statistics::transmitted_bytes);
  register_interfaces(metric::network_transmit_packets, &statistics::transmitted_packets);
  register_source(metric::network_drops, [](sample_sink& sink) {
    for (usize i = 0; i < static_cast<usize>(network_drop::count); ++i)
      sink.sample(network_drop_names[i], static_cast<i64>(net::the_stack().drops(static_cast<net::drop_reason>(i))));
  });
  register_source(metric::tcp_connections, [](sample_sink& sink) {
    for (usize i = 0; i < std::size(tcp_states); ++i) {
      const auto& count = net::the_stack().connections_by_state[static_cast<usize>(tcp_states[i])];
      sink.sample(tcp_state_names[i], count.load(std::memory_order_relaxed));
    }
  });
}

}  // namespace osv::telemetry
