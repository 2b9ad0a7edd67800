#include "net/ports.hh"

#include "sync/random.hh"

namespace osv::net {

bool port_table::addresses_overlap(const port_holder& a, const endpoint& b, int family, bool ipv6_only) {
  const address& x = a.local_endpoint.ip;
  const address& y = b.ip;
  if (!x.is_unspecified() && !y.is_unspecified()) return x == y;
  const auto covers = [](const address& ip, int f, bool only, const address& other, int other_family) {
    if (!ip.is_unspecified()) return false;
    const bool other_ipv4 = other.is_unspecified() ? other_family == family_ipv4 : other.is_ipv4();
    return f == family_ipv4 ? other_ipv4 : (!only || !other_ipv4);
  };
  return covers(x, a.socket_family, a.ipv6_only, y, family) || covers(y, family, ipv6_only, x, a.socket_family);
}

bool port_table::conflicts_locked(bucket& b, const port_holder& holder, const endpoint& local) {
  for (port_holder& other : b.holders) {
    if (&other == &holder || other.local_endpoint.port != local.port) continue;
    if (other.bound_interface && holder.bound_interface && other.bound_interface != holder.bound_interface) continue;
    if (!addresses_overlap(other, local, holder.socket_family, holder.ipv6_only)) continue;
    if (holder.reuse_port && other.reuse_port) continue;
    if (holder.reuse_address && other.reuse_address && !(exclusive_listeners_ && (other.listening || holder.listening))) continue;
    return true;
  }
  return false;
}

result<> port_table::bind(port_holder& holder, const endpoint& local) {
  const auto try_port = [&](u16 port) {
    bucket& b = bucket_of(port);
    lock::guard g(b.lock);
    const endpoint wanted{local.ip, port};
    if (conflicts_locked(b, holder, wanted)) return false;
    holder.local_endpoint = wanted;
    b.holders.push_back(holder);
    return true;
  };
  if (local.port) {
    if (!try_port(local.port)) return fail(errc::address_in_use);
    return {};
  }
  // An ephemeral port is nobody else's, SO_REUSEADDR or not.
  const bool reuse_address = std::exchange(holder.reuse_address, false), reuse_port = std::exchange(holder.reuse_port, false);
  constexpr u32 range = ephemeral_last - ephemeral_first + 1;
  const u32 start = sync::random_u32() % range;
  bool found = false;
  for (u32 i = 0; i < range && !found; ++i) found = try_port(static_cast<u16>(ephemeral_first + (start + i) % range));
  holder.reuse_address = reuse_address;
  holder.reuse_port = reuse_port;
  if (!found) return fail(errc::address_in_use);
  return {};
}

void port_table::release(port_holder& holder) {
  if (!holder.is_bound()) return;
  bucket& b = bucket_of(holder.local_endpoint.port);
  lock::guard g(b.lock);
  holder.port_hook_.unlink();
  holder.listening = false;
}

result<> port_table::listen(port_holder& holder) {
  bucket& b = bucket_of(holder.local_endpoint.port);
  lock::guard g(b.lock);
  holder.listening = true;
  if (conflicts_locked(b, holder, holder.local_endpoint)) {
    holder.listening = false;
    return fail(errc::address_in_use);
  }
  return {};
}

void port_table::stop_listening(port_holder& holder) {
  bucket& b = bucket_of(holder.local_endpoint.port);
  lock::guard g(b.lock);
  holder.listening = false;
}

void port_table::connect(port_holder& holder, const endpoint& local, const endpoint& remote) {
  bucket& b = bucket_of(holder.local_endpoint.port);
  lock::guard g(b.lock);
  holder.local_endpoint.ip = local.ip;
  holder.remote_endpoint = remote;
}

bool port_table::occupied(const endpoint& local) {
  bucket& b = bucket_of(local.port);
  lock::guard g(b.lock);
  for (port_holder& h : b.holders)
    if (h.local_endpoint.port == local.port && h.accepts(local.ip)) return true;
  return false;
}

unsigned port_table::score(const port_holder& h, const address& local, u16 local_port, const address& remote, u16 remote_port,
                           u32 interface) {
  if (h.local_endpoint.port != local_port || !h.accepts(local)) return 0;
  if (h.bound_interface && interface && h.bound_interface != interface) return 0;
  unsigned points = 1;
  if (h.remote_endpoint.port) {
    if (h.remote_endpoint.port != remote_port || !(h.remote_endpoint.ip == remote)) return 0;
    points += 4;
  }
  if (!h.local_endpoint.ip.is_unspecified()) points += 2;
  if (h.socket_family == family_ipv4 || !local.is_ipv4()) points += 1;
  return points;
}

port_holder* port_table::find(const address& local, u16 local_port, const address& remote, u16 remote_port, bool listeners_only,
                              u32 hash, u32 interface) {
  bucket& b = bucket_of(local_port);
  lock::guard g(b.lock);
  port_holder* best = nullptr;
  unsigned best_score = 0;
  u64 best_draw = 0;
  for (port_holder& h : b.holders) {
    if (listeners_only && !h.listening) continue;
    const unsigned points = score(h, local, local_port, remote, remote_port, interface);
    if (points == 0 || points < best_score) continue;
    // Rendezvous hashing: a flow stays with its socket when others of the group come and go.
    const u64 draw = h.reuse_port ? (hash ^ reinterpret_cast<uptr>(&h)) * 0x9e3779b97f4a7c15u >> 16 : 0;
    if (points == best_score && draw <= best_draw) continue;
    best = &h;
    best_score = points;
    best_draw = draw;
  }
  return best && best->try_retain_holder() ? best : nullptr;
}

void port_table::for_each_match(const address& local, u16 local_port, const address& remote, u16 remote_port,
                                u32 interface, function_ref<void(port_holder&)> f) {
  bucket& b = bucket_of(local_port);
  lock::guard g(b.lock);
  for (port_holder& h : b.holders)
    if (score(h, local, local_port, remote, remote_port, interface)) f(h);
}

void port_table::for_each(function_ref<void(port_holder&)> f) {
  for (bucket& b : buckets_) {
    lock::guard g(b.lock);
    for (port_holder& h : b.holders) f(h);
  }
}

}  // namespace osv::net
