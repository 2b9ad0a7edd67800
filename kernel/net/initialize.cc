#include "net/initialize.hh"

#include "log/log.hh"
#include "memory/frames.hh"
#include "net/dhcp.hh"
#include "net/linger.hh"
#include "net/netlink/socket.hh"
#include "net/stack.hh"
#include "net/tcp/tcp.hh"
#include "net/udp/udp.hh"

namespace osv::net {

namespace {

alignas(stack) u8 stack_storage[sizeof(stack)];
stack* kernel_stack = nullptr;
dhcp_client* dhcp_clients[stack::interfaces_max] = {};
string hostname;
resolver_configuration configured;

constexpr int stream = 1, datagram = 2;

template <int Family>
result<ref<io::file>> create(int type, int protocol, u32 file_flags) {
  if (type == stream) {
    if (protocol != 0 && protocol != protocol_tcp) return fail(errc::protocol_not_supported);
    return tcp::create_socket(the_stack(), Family, file_flags);
  }
  if (type == datagram) {
    if (protocol != 0 && protocol != protocol_udp) return fail(errc::protocol_not_supported);
    return udp::create_socket(the_stack(), Family, file_flags);
  }
  return fail(errc::socket_type_not_supported);
}

result<ref<io::file>> create_netlink(int type, int protocol, u32 file_flags) {
  return netlink::create_socket(the_stack(), type, protocol, file_flags);
}

limits limits_for(u64 memory_bytes) {
  limits l;
  l.packet_bytes_max = memory_bytes / 4;
  l.tcp_bytes_max = memory_bytes / 4;
  l.connection_buckets = 128;
  while (l.connection_buckets < 65536 && l.connection_buckets < memory_bytes >> 18) l.connection_buckets *= 2;
  const u64 waiting = memory_bytes / 16384;  // about 2 KiB each: an eighth of the memory at most
  l.time_wait_max = waiting > 65536 ? 65536 : static_cast<u32>(waiting);
  l.reassembly_bytes_max = memory_bytes / 64 > 4u << 20 ? 4u << 20 : static_cast<u32>(memory_bytes / 64);
  return l;
}

}  // namespace

stack& the_stack() { return *kernel_stack; }

namespace {

result<> configure_static(interface& i, const interface_configuration& c) {
  if (c.mtu) i.set_mtu(c.mtu);
  for (const prefixed_address& a : c.addresses) {
    if (!a.ip.is_ipv4()) {
      log::warning("net: {}: IPv6 addresses are not supported yet", i.name());
      continue;
    }
    const u32 ip = a.ip.ipv4(), mask = ipv4_mask(a.prefix);
    TRY(i.add_address({a.ip, a.prefix, a.prefix < 31 ? ip | ~mask : 0}));
    i.neighbours().announce(ip);
  }
  if (c.gateway.is_ipv4() && !c.gateway.is_unspecified()) {
    route_entry e;
    e.gateway = c.gateway.ipv4();
    e.out = &i;
    TRY(i.owner().routes.add(e));
  }
  return {};
}

result<> start_dhcp(interface& i) {
  dhcp_client* client = TRY(osv::make_unique<dhcp_client>(the_stack(), i)).release();
  dhcp_clients[i.index() - 1] = client;
  return client->start(hostname.view());
}

result<> keep_resolver(const vector<address>& servers, const vector<string>& domains, resolver_configuration& into) {
  for (const address& a : servers) TRY(into.nameservers.push_back(a));
  for (const string& d : domains) TRY(into.search_domains.push_back(TRY(string::create(d))));
  return {};
}

}  // namespace

result<> initialize(const configuration& c) {
  hostname = TRY(string::create(c.hostname));
  TRY(keep_resolver(c.nameservers, c.search_domains, configured));
  stack& s = *new (stack_storage) stack;
  TRY(s.initialize(limits_for(memory::statistics().total_bytes)));
  kernel_stack = &s;
  io::register_socket_family(family_ipv4, create<family_ipv4>);
  io::register_socket_family(family_ipv6, create<family_ipv6>);
  io::register_socket_family(family_netlink, create_netlink);
  for (usize n = 0; n < devices::network_device_count(); ++n) {
    interface* i = TRY(s.attach(devices::network_device_at(n)));
    auto started = i->start();
    if (!started.ok()) log::error("net: {}: the device does not start (error {})", i->name(), static_cast<int>(started.error()));
    if (n < c.interfaces.size()) {
      auto configured = configure_static(*i, c.interfaces[n]);
      if (!configured.ok()) log::error("net: {}: cannot set the addresses (error {})", i->name(), static_cast<int>(configured.error()));
    }
    if (started.ok() && (c.dhcp_everywhere || (n < c.interfaces.size() && c.interfaces[n].dhcp))) TRY(start_dhcp(*i));
  }
  return {};
}

bool wait_configured(nanoseconds deadline) {
  for (dhcp_client* client : dhcp_clients)
    if (client && client->changed().wait([&] { return client->settled(); }, deadline, false) != sync::wait_result::ready) return false;
  return true;
}

result<> resolver(resolver_configuration& into) {
  TRY(keep_resolver(configured.nameservers, configured.search_domains, into));
  const bool servers = into.nameservers.empty(), domains = into.search_domains.empty();
  for (dhcp_client* client : dhcp_clients) {
    if (!client) continue;
    if (servers) TRY(client->nameservers(into.nameservers));
    if (domains) TRY(client->search_domains(into.search_domains));
  }
  return {};
}

void deliver_last_words() {
  if (!kernel_stack) return;
  if (const undelivered left = linger(*kernel_stack); left.connections)
    log::warning("net: the machine goes off with {} bytes that peers have not taken (open connections: {})", left.bytes, left.connections);
}

void tcp_connections_by_state(u32 (&out)[12]) {
  for (usize i = 0; i < 12; ++i) out[i] = kernel_stack ? kernel_stack->connections_by_state[i].load(std::memory_order_relaxed) : 0;
}

}  // namespace osv::net
