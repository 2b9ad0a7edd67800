// Options and control messages of datagram sockets: ip(7), ipv6(7), udp(7).
#include "net/headers.hh"
#include "net/udp/socket.hh"

namespace osv::net::udp {

namespace {

struct control_header {  // struct cmsghdr
  u64 length;
  i32 level, type;
};
struct packet_info_ipv4 {  // struct in_pktinfo
  i32 interface;
  be32 local, destination;
};
struct packet_info_ipv6 {  // struct in6_pktinfo
  u8 destination[16];
  u32 interface;
};
struct membership_request {  // struct ip_mreqn; struct ip_mreq is its first 8 bytes
  be32 group, local;
  i32 interface;
};
constexpr u32 buffer_min = 4096, buffer_max = 64 << 20;

u32 clamp_buffer(i32 wanted) {
  // Doubled as on Linux: the program means payload, the bound counts packet slots.
  const u64 n = wanted < 0 ? buffer_max : 2ull * static_cast<u32>(wanted);
  return static_cast<u32>(n < buffer_min ? buffer_min : n > buffer_max ? buffer_max : n);
}

}  // namespace

address socket::control_source(const io::message& m) const {
  for (usize at = 0; at + sizeof(control_header) <= m.control_capacity;) {
    control_header h;
    __builtin_memcpy(&h, m.control + at, sizeof h);
    if (h.length < sizeof h || h.length > m.control_capacity - at) break;
    const u8* body = m.control + at + sizeof h;
    const usize size = h.length - sizeof h;
    if (h.level == option::level_ip && h.type == option::ip_pktinfo && size >= sizeof(packet_info_ipv4)) {
      packet_info_ipv4 info;
      __builtin_memcpy(&info, body, sizeof info);
      return address::from_ipv4(info.local);
    }
    if (h.level == option::level_ipv6 && h.type == option::ipv6_pktinfo && size >= sizeof(packet_info_ipv6)) {
      address a;
      __builtin_memcpy(&a, body, 16);
      return a;
    }
    at += align_up(h.length, 8);
  }
  return {};
}

void socket::put_control(io::message& m, const io::packet& p) const {
  const address to{p.control[3], p.control[4]};
  const u32 index = static_cast<u32>(p.control[2] >> 32);
  u8 body[sizeof(packet_info_ipv6)];
  control_header h{};
  if (family_ == family_ipv4) {
    const packet_info_ipv4 info{static_cast<i32>(index), to.ipv4(), to.ipv4()};
    __builtin_memcpy(body, &info, sizeof info);
    h = {sizeof h + sizeof info, option::level_ip, option::ip_pktinfo};
  } else {
    packet_info_ipv6 info{};
    __builtin_memcpy(info.destination, &to, 16);
    info.interface = index;
    __builtin_memcpy(body, &info, sizeof info);
    h = {sizeof h + sizeof info, option::level_ipv6, option::ipv6_pktinfo};
  }
  const usize total = align_up(h.length, 8);
  if (!m.control || m.control_capacity - m.control_length < total) {
    m.flags |= io::message_flag::control_truncated;
    return;
  }
  u8* at = m.control + m.control_length;
  __builtin_memset(at, 0, total);
  __builtin_memcpy(at, &h, sizeof h);
  __builtin_memcpy(at + sizeof h, body, h.length - sizeof h);
  m.control_length += total;
}

result<> socket::change_membership(const void* value, usize size, bool join) {
  if (size < 8) return fail(errc::invalid);
  membership_request request{};
  __builtin_memcpy(&request, value, size < sizeof request ? size : sizeof request);
  const u32 group = request.group, local = request.local;
  if (!address::from_ipv4(group).is_multicast()) return fail(errc::invalid);
  interface* i = nullptr;
  if (size >= sizeof request && request.interface) {
    i = stack_.interface_by_index(static_cast<u32>(request.interface));
  } else if (local) {
    for (unsigned n = 0; n < stack_.interface_count(); ++n)
      if (stack_.interface_at(n).has_address(address::from_ipv4(local))) i = &stack_.interface_at(n);
  } else {
    auto r = stack_.find_route(address::from_ipv4(group), {});
    if (r.ok()) i = r.value().out;
  }
  if (!i) return fail(errc::no_device);
  sync::mutex_guard g(name_lock_);
  membership* unused = nullptr;
  for (membership& m : memberships_) {
    if (m.group == group && m.interface == i->index()) {
      if (join) return fail(errc::address_in_use);
      i->leave(group);
      m = {};
      return {};
    }
    if (!m.group && !unused) unused = &m;
  }
  if (!join) return fail(errc::address_not_available);
  if (!unused) return fail(errc::no_buffers);
  TRY(i->join(group));
  *unused = {group, i->index()};
  return {};
}

result<> socket::set_own_option(int level, int name, const void* value, usize size) {
  if (level == option::level_socket) {
    switch (name) {
      case option::receive_buffer: case option::receive_buffer_force: receive_buffer_ = clamp_buffer(TRY(integer(value, size))); return {};
      case option::send_buffer: case option::send_buffer_force: send_buffer_ = clamp_buffer(TRY(integer(value, size))); return {};
      case option::keep_alive: case option::receive_low_water: case option::linger: return {};  // without meaning for datagrams
      default: return fail(errc::no_protocol_option);
    }
  }
  if (level == option::level_ip) {
    if (name == option::ip_add_membership || name == option::ip_drop_membership)
      return change_membership(value, size, name == option::ip_add_membership);
    if (name == option::ip_multicast_if) {
      if (size >= sizeof(membership_request)) {
        membership_request request;
        __builtin_memcpy(&request, value, sizeof request);
        if (request.interface) {
          multicast_interface_ = static_cast<u32>(request.interface);
          return {};
        }
      }
      if (size < 4) return fail(errc::invalid);
      be32 local;
      __builtin_memcpy(&local, value, 4);
      multicast_interface_ = 0;
      if (local == 0u) return {};
      for (unsigned n = 0; n < stack_.interface_count(); ++n)
        if (stack_.interface_at(n).has_address(address::from_ipv4(local))) multicast_interface_ = n + 1;
      if (!multicast_interface_) return fail(errc::address_not_available);
      return {};
    }
    const i32 n = TRY(integer(value, size));
    switch (name) {
      case option::ip_tos: type_of_service_ = static_cast<u8>(n); return {};
      case option::ip_ttl:
        if (n != -1 && (n < 1 || n > 255)) return fail(errc::invalid);
        time_to_live_ = n == -1 ? 64 : static_cast<u8>(n);
        return {};
      case option::ip_pktinfo:
        if (family_ != family_ipv4) return {};
        want_packet_info_ = n != 0;
        return {};
      case option::ip_mtu_discover:
        if (n < 0 || n > 5) return fail(errc::invalid);
        path_mtu_discovery_ = static_cast<u8>(n);
        return {};
      case option::ip_multicast_ttl: multicast_time_to_live_ = n == -1 ? 1 : static_cast<u8>(n); return {};
      case option::ip_multicast_loop: multicast_loop_ = n != 0; return {};
      case option::ip_recverr: error_queue_ = n != 0; return {};
      case option::ip_freebind: case option::ip_transparent: case option::ip_bind_address_no_port: case option::ip_recvtos: case option::ip_recvttl: return {};
      default: return fail(errc::no_protocol_option);
    }
  }
  if (level == option::level_ipv6 && family_ == family_ipv6) {
    const i32 n = TRY(integer(value, size));
    switch (name) {
      case option::ipv6_only:
        if (is_bound()) return fail(errc::invalid);
        ipv6_only = n != 0;
        return {};
      case option::ipv6_recvpktinfo: want_packet_info_ = n != 0; return {};
      case option::ipv6_tclass: type_of_service_ = static_cast<u8>(n); return {};
      case option::ipv6_unicast_hops: time_to_live_ = n < 0 ? 64 : static_cast<u8>(n); return {};
      case option::ipv6_multicast_hops: case option::ipv6_multicast_loop: case option::ipv6_multicast_if: case option::ipv6_mtu_discover:
      case option::ipv6_recverr: case option::ipv6_recvtclass: case option::ipv6_recvhoplimit: return {};
      default: return fail(errc::no_protocol_option);
    }
  }
  return fail(errc::no_protocol_option);
}

result<usize> socket::get_own_option(int level, int name, void* into, usize size) {
  const auto give = [&](u64 n) { return give_integer(static_cast<i32>(n), into, size); };
  if (level == option::level_socket) {
    switch (name) {
      case option::receive_buffer: return give(receive_buffer_);
      case option::send_buffer: return give(send_buffer_);
      case option::keep_alive: case option::accepting: return give(0);
      case option::receive_low_water: return give(1);
      default: return fail(errc::no_protocol_option);
    }
  }
  if (level == option::level_ip) {
    switch (name) {
      case option::ip_tos: return give(type_of_service_);
      case option::ip_ttl: return give(time_to_live_);
      case option::ip_pktinfo: return give(want_packet_info_);
      case option::ip_mtu_discover: return give(path_mtu_discovery_);
      case option::ip_multicast_ttl: return give(multicast_time_to_live_);
      case option::ip_multicast_loop: return give(multicast_loop_);
      case option::ip_recverr: return give(error_queue_);
      case option::ip_mtu: {
        if (!remote_endpoint.port) return fail(errc::not_connected);
        const route r = TRY(stack_.find_route(remote_endpoint.ip, local_endpoint.ip));
        return give(r.mtu);
      }
      default: return fail(errc::no_protocol_option);
    }
  }
  if (level == option::level_ipv6 && family_ == family_ipv6) {
    switch (name) {
      case option::ipv6_only: return give(ipv6_only);
      case option::ipv6_recvpktinfo: return give(want_packet_info_);
      case option::ipv6_tclass: return give(type_of_service_);
      case option::ipv6_unicast_hops: return give(time_to_live_);
      default: return fail(errc::no_protocol_option);
    }
  }
  return fail(errc::no_protocol_option);
}

}  // namespace osv::net::udp
