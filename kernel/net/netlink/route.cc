#include "net/netlink/route.hh"

namespace osv::net::netlink {

namespace {

// Attribute types: if_link.h, if_addr.h, rtnetlink.h.
constexpr u16 link_address = 1, link_broadcast = 2, link_name = 3, link_mtu = 4, link_queue_discipline = 6, link_statistics = 7, link_queue_length = 13,
              link_state = 16, link_statistics_64 = 23;
constexpr u16 address_address = 1, address_local = 2, address_label = 3, address_broadcast = 4, address_flags = 8;
constexpr u16 route_destination = 1, route_out = 4, route_gateway = 5, route_priority = 6, route_source = 7, route_table = 15;
constexpr u8 state_unknown = 0, state_up = 6, scope_universe = 0, scope_link = 253, scope_host = 254, table_main = 254, protocol_boot = 3, type_unicast = 1;
constexpr u16 hardware_ethernet = 1, hardware_loopback = 772;
constexpr u32 permanent = 0x80;

struct link_statistics_body {  // struct rtnl_link_stats64's first fields
  u64 received_packets, transmitted_packets, received_bytes, transmitted_bytes, received_errors, transmitted_errors, received_dropped,
      transmitted_dropped, rest[15];
};

void put_text(writer& w, u16 type, std::string_view text) {
  char buffer[32] = {};
  const usize n = text.size() < sizeof buffer - 1 ? text.size() : sizeof buffer - 1;
  __builtin_memcpy(buffer, text.data(), n);
  w.attribute(type, buffer, n + 1);
}

result<> put_link(writer& w, interface& i, u16 flags) {
  const link_message m{0, 0, i.is_loopback() ? hardware_loopback : hardware_ethernet, static_cast<i32>(i.index()), i.flags(), 0};
  TRY(w.begin(new_link, flags, m));
  put_text(w, link_name, i.name());
  w.attribute(link_mtu, i.is_loopback() ? u32{65536} : u32{i.mtu()});
  w.attribute(link_queue_length, u32{1000});
  w.attribute(link_state, i.is_loopback() ? state_unknown : state_up);
  put_text(w, link_queue_discipline, "noqueue");
  const devices::mac_address mac = i.mac();
  w.attribute(link_address, mac.bytes, sizeof mac.bytes);
  u8 all[6];
  __builtin_memset(all, i.is_loopback() ? 0 : 0xff, sizeof all);
  w.attribute(link_broadcast, all, sizeof all);
  link_statistics_body body{};
  body.received_packets = i.counters.received_packets.load();
  body.transmitted_packets = i.counters.transmitted_packets.load();
  body.received_bytes = i.counters.received_bytes.load();
  body.transmitted_bytes = i.counters.transmitted_bytes.load();
  w.attribute(link_statistics_64, body);
  u32 narrow[23] = {};  // struct rtnl_link_stats
  const u64* wide = &body.received_packets;
  for (usize n = 0; n < 8; ++n) narrow[n] = static_cast<u32>(wide[n]);
  w.attribute(link_statistics, narrow, sizeof narrow);
  w.end();
  return {};
}

result<> put_addresses(writer& w, interface& i, u8 family) {
  interface_address all[interface::addresses_max];
  const unsigned count = i.addresses(all);
  for (unsigned n = 0; n < count; ++n) {
    const interface_address& a = all[n];
    const bool ipv4 = a.ip.is_ipv4();
    if (family && family != (ipv4 ? family_ipv4 : family_ipv6)) continue;
    const u8 scope = a.ip.is_loopback() ? scope_host : a.ip.is_link_local_ipv6() ? scope_link : scope_universe;
    const address_message m{static_cast<u8>(ipv4 ? family_ipv4 : family_ipv6), a.prefix, permanent, scope, i.index()};
    TRY(w.begin(new_address, flag_multi, m));
    if (ipv4) {
      const be32 ip(a.ip.ipv4()), broadcast(a.broadcast);
      w.attribute(address_address, ip);
      w.attribute(address_local, ip);
      if (a.broadcast) w.attribute(address_broadcast, broadcast);
      put_text(w, address_label, i.name());
    } else {
      w.attribute(address_address, a.ip);
    }
    w.attribute(address_flags, permanent);
    w.end();
  }
  return {};
}

result<> put_route(writer& w, const route_entry& e, u16 flags) {
  const route_message m{family_ipv4, e.prefix, 0, 0, table_main, protocol_boot, e.gateway ? scope_universe : scope_link, type_unicast, 0};
  TRY(w.begin(new_route, flags, m));
  w.attribute(route_table, u32{table_main});
  if (e.prefix) w.attribute(route_destination, be32(e.destination));
  if (e.gateway) w.attribute(route_gateway, be32(e.gateway));
  if (e.source) w.attribute(route_source, be32(e.source));
  if (e.metric) w.attribute(route_priority, e.metric);
  w.attribute(route_out, e.out->index());
  w.end();
  return {};
}

result<> put_error(writer& w, const message_header& request, errc code) {
  struct {
    i32 error;
    message_header request;
  } const body{-static_cast<i32>(code), request};
  TRY(w.begin(type_error, 0, body));
  w.end();
  return {};
}

result<> dump(stack& s, u16 type, u8 family, writer& w) {
  if (type == get_link) {
    for (unsigned n = 0; n < s.interface_count(); ++n) TRY(put_link(w, s.interface_at(n), flag_multi));
  } else if (type == get_address) {
    for (unsigned n = 0; n < s.interface_count(); ++n) TRY(put_addresses(w, s.interface_at(n), family));
  } else if (family == 0 || family == family_ipv4) {
    result<> outcome;
    s.routes.for_each([&](const route_entry& e) {
      if (outcome.ok()) outcome = put_route(w, e, flag_multi);
    });
    TRY(result<>(outcome));
  }
  TRY(w.begin(type_done, flag_multi, i32{0}));
  w.end();
  return {};
}

/// The value of an attribute behind the fixed part; false if it is not there.
template <typename T>
bool find_attribute(const u8* body, usize size, usize fixed, u16 wanted, T& into) {
  for (usize at = align_up(fixed, 4); at + sizeof(attribute_header) <= size;) {
    attribute_header h;
    __builtin_memcpy(&h, body + at, sizeof h);
    if (h.length < sizeof h || at + h.length > size) return false;
    if (h.type == wanted && h.length >= sizeof h + sizeof into) {
      __builtin_memcpy(&into, body + at + sizeof h, sizeof into);
      return true;
    }
    at += align_up(h.length, 4);
  }
  return false;
}

usize text_length(const char (&name)[16]) {
  usize n = 0;
  while (n < sizeof name && name[n]) ++n;
  return n;
}

result<> single(stack& s, const message_header& request, const u8* body, usize size, writer& w) {
  if (request.type == get_link && size >= sizeof(link_message)) {
    link_message m;
    __builtin_memcpy(&m, body, sizeof m);
    interface* i = s.interface_by_index(static_cast<u32>(m.index));
    char name[16] = {};
    if (!i && find_attribute(body, size, sizeof m, link_name, name)) i = s.interface_named(std::string_view(name, text_length(name)));
    if (i) return put_link(w, *i, 0);
    return put_error(w, request, errc::no_device);
  }
  if (request.type == get_route && size >= sizeof(route_message)) {
    be32 destination;
    if (!find_attribute(body, size, sizeof(route_message), route_destination, destination)) return put_error(w, request, errc::invalid);
    const address to = address::from_ipv4(destination);
    auto r = s.find_route(to, {});
    if (!r.ok()) return put_error(w, request, r.error());
    route_entry e;
    e.destination = destination;
    e.prefix = 32;
    e.gateway = r.value().next_hop == to ? 0 : r.value().next_hop.ipv4();
    e.source = r.value().source.ipv4();
    e.out = r.value().out;
    return put_route(w, e, 0);
  }
  return put_error(w, request, request.type == get_address ? errc::not_supported : errc::not_permitted);
}

}  // namespace

result<> answer(stack& s, const message_header& request, const u8* body, usize size, u32 port, io::packet_list& into) {
  writer w(into, request.sequence, port);
  const bool known = request.type == get_link || request.type == get_address || request.type == get_route;
  if (known && (request.flags & flag_dump)) return dump(s, request.type, size ? body[0] : u8{0}, w);
  return single(s, request, body, size, w);
}

}  // namespace osv::net::netlink
