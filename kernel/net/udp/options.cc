// Options of datagram sockets: ip(7), ipv6(7), udp(7).
#include "net/headers.hh"
#include "net/udp/socket.hh"

namespace osv::net::udp {

namespace {

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
      case option::ip_pktinfo: want(wanted::packet_info_ipv4, n != 0); return {};
      case option::ip_recvttl: want(wanted::time_to_live, n != 0); return {};
      case option::ip_recvtos: want(wanted::type_of_service, n != 0); return {};
      case option::ip_mtu_discover:
        if (n < 0 || n > 5) return fail(errc::invalid);
        path_mtu_discovery_ = static_cast<u8>(n);
        return {};
      case option::ip_multicast_ttl: multicast_time_to_live_ = n == -1 ? 1 : static_cast<u8>(n); return {};
      case option::ip_multicast_loop: multicast_loop_ = n != 0; return {};
      case option::ip_recverr: error_queue_ = n != 0; return {};
      case option::ip_freebind: case option::ip_transparent: case option::ip_bind_address_no_port: return {};
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
      case option::ipv6_recvpktinfo: want(wanted::packet_info_ipv6, n != 0); return {};
      case option::ipv6_recvhoplimit: want(wanted::hop_limit, n != 0); return {};
      case option::ipv6_recvtclass: want(wanted::traffic_class, n != 0); return {};
      case option::ipv6_tclass: type_of_service_ = static_cast<u8>(n); return {};
      case option::ipv6_unicast_hops: time_to_live_ = n < 0 ? 64 : static_cast<u8>(n); return {};
      case option::ipv6_multicast_hops: case option::ipv6_multicast_loop: case option::ipv6_multicast_if: case option::ipv6_mtu_discover:
      case option::ipv6_recverr: return {};
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
      case option::ip_pktinfo: return give(wants(wanted::packet_info_ipv4));
      case option::ip_recvttl: return give(wants(wanted::time_to_live));
      case option::ip_recvtos: return give(wants(wanted::type_of_service));
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
      case option::ipv6_recvpktinfo: return give(wants(wanted::packet_info_ipv6));
      case option::ipv6_recvhoplimit: return give(wants(wanted::hop_limit));
      case option::ipv6_recvtclass: return give(wants(wanted::traffic_class));
      case option::ipv6_tclass: return give(type_of_service_);
      case option::ipv6_unicast_hops: return give(time_to_live_);
      default: return fail(errc::no_protocol_option);
    }
  }
  return fail(errc::no_protocol_option);
}

}  // namespace osv::net::udp
