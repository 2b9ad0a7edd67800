#include "net/stack.hh"

#include "net/tcp/connection.hh"
#include "sync/random.hh"
#include "trace/count.hh"

namespace osv::net {

stack::~stack() {
  stop();
  for (unsigned i = 0; i < interface_count(); ++i) delete interfaces_[i];
}

result<> stack::initialize(const limits& l) {
  bounds = l;
  io::set_packet_memory_limit(l.packet_bytes_max);
  fragments.set_limit(l.reassembly_bytes_max);
  sync::random_bytes(&secret, sizeof secret);
  TRY(connections.initialize(l.connection_buckets, sync::random_u64(), sync::random_u64()));
  identification_.store(sync::random_u32(), std::memory_order_relaxed);
  interfaces_[0] = TRY(osv::make_unique<interface>(*this, 1u, std::string_view("lo"), nullptr)).release();
  interface_count_.store(1, std::memory_order_release);
  TRY(loopback().add_address({address::from_ipv4(ipv4_loopback), 8, 0}));
  TRY(loopback().add_address({address::ipv6_loopback(), 128, 0}));
  return timers.start();
}

result<interface*> stack::attach(devices::network_device& device) {
  const unsigned count = interface_count();
  if (count == interfaces_max) return fail(errc::no_space);
  const formatted<16> name("eth{}", count - 1);
  interfaces_[count] = TRY(osv::make_unique<interface>(*this, count + 1, name.view(), &device)).release();
  interface_count_.store(count + 1, std::memory_order_release);
  return interfaces_[count];
}

void stack::stop() {
  timers.stop();
  connections.clear();
}

interface* stack::interface_named(std::string_view name) {
  for (unsigned i = 0; i < interface_count(); ++i)
    if (interfaces_[i]->name() == name) return interfaces_[i];
  return nullptr;
}

interface* stack::interface_by_index(u32 index) {
  return index >= 1 && index <= interface_count() ? interfaces_[index - 1] : nullptr;
}

void stack::address_added(interface& i, const interface_address& a) {
  if (a.ip.is_ipv4() && !i.is_loopback() && a.prefix < 32) {
    route_entry e;
    e.prefix = a.prefix;
    e.destination = a.ip.ipv4() & ipv4_mask(a.prefix);
    e.source = a.ip.ipv4();
    e.out = &i;
    (void)routes.add(e);
  }
  routes.changed();
}

void stack::address_removed(interface& i, const interface_address&) { routes.remove_all(i); }

bool stack::is_local(const address& a) {
  if (a.is_loopback()) return true;
  for (unsigned i = 1; i < interface_count(); ++i)
    if (interfaces_[i]->has_address(a)) return true;
  return false;
}

result<route> stack::find_route(const address& destination, const address& source, interface* out) {
  route r;
  r.next_hop = destination;
  r.source = source;
  if (is_local(destination)) {
    r.local = true;
    r.out = &loopback();
    r.mtu = r.out->mtu();
    if (source.is_unspecified()) r.source = destination;
    return r;
  }
  if (!destination.is_ipv4()) return fail(errc::network_unreachable);
  const u32 ip = destination.ipv4();
  route_entry e;
  r.multicast = destination.is_multicast();
  if (routes.find(ip, e, out)) {
    r.out = e.out;
    if (e.gateway && !r.multicast && ip != ipv4_broadcast) r.next_hop = address::from_ipv4(e.gateway);
    if (r.source.is_unspecified() && e.source) r.source = address::from_ipv4(e.source);
  } else if (out || ((r.multicast || ip == ipv4_broadcast) && interface_count() > 1)) {
    r.out = out ? out : interfaces_[1];
  } else {
    return fail(errc::network_unreachable);
  }
  if (r.out->is_loopback()) return fail(errc::network_unreachable);
  r.mtu = r.out->mtu();
  r.broadcast = r.out->is_broadcast(ip);
  if (r.source.is_unspecified()) r.source = address::from_ipv4(r.out->source_for(r.next_hop.ipv4()));
  return r;
}

void stack::drop(drop_reason why) {
  drops_[static_cast<usize>(why)].fetch_add(1, std::memory_order_relaxed);
  trace::count(trace::counter::network_dropped_packets);
}

}  // namespace osv::net
