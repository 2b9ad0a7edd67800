// setsockopt(2) and getsockopt(2) of stream sockets: tcp(7), socket(7), ip(7), ipv6(7).
#include "net/tcp/socket.hh"

namespace osv::net::tcp {

namespace {

constexpr int no_delay = 1, maximum_segment = 2, cork = 3, keep_idle = 4, keep_interval = 5, keep_count = 6, syn_count = 7, linger_2 = 8,
              defer_accept = 9, window_clamp = 10, info = 11, quick_ack = 12, congestion_name = 13, user_timeout = 18, fast_open = 23,
              notsent_low_water = 25, fast_open_connect = 30;
constexpr std::string_view congestion_control = "cubic";
constexpr u32 buffer_min = 2048, buffer_max = 16 << 20;

struct linux_linger {
  i32 on, seconds;
};

u32 clamp_buffer(i32 wanted) {
  const u32 n = wanted < 0 ? buffer_max : static_cast<u32>(wanted);
  return n < buffer_min ? buffer_min : n > buffer_max ? buffer_max : n;
}

result<u32> ranged(i32 value, i32 low, i32 high) {
  if (value < low || value > high) return fail(errc::invalid);
  return static_cast<u32>(value);
}

}  // namespace

result<> socket::set_tcp_option(int name, const void* value, usize size) {
  settings& o = connection_->options;
  if (name == congestion_name) {
    const std::string_view wanted(static_cast<const char*>(value), size);
    const std::string_view trimmed = wanted.substr(0, wanted.find('\0'));
    if (trimmed != congestion_control && trimmed != "reno") return fail(errc::no_entry);
    return {};
  }
  if (size < sizeof(i32)) return fail(errc::invalid);  // tcp(7): unlike IP's, these options take no single bytes
  const i32 n = TRY(integer(value, size));
  switch (name) {
    case no_delay: o.no_delay = n != 0; break;
    case cork: o.cork = n != 0; break;
    case maximum_segment: o.mss_max = static_cast<u16>(n == 0 ? 0 : TRY(ranged(n, 88, 32767))); break;
    case keep_idle: o.keep_idle_seconds = TRY(ranged(n, 1, 32767)); break;
    case keep_interval: o.keep_interval_seconds = TRY(ranged(n, 1, 32767)); break;
    case keep_count: o.keep_count = TRY(ranged(n, 1, 127)); break;
    case syn_count: o.syn_count = TRY(ranged(n, 1, 127)); break;
    case linger_2: o.fin_wait_2_seconds = n < 0 ? 1 : n > 120 ? 120 : static_cast<u32>(n == 0 ? 60 : n); break;
    case defer_accept: o.defer_accept_seconds = n < 0 ? 0 : static_cast<u32>(n); break;  // accepted, without effect
    case quick_ack: connection_->acknowledge_quickly(n != 0); break;
    case user_timeout: o.user_timeout_ms = TRY(ranged(n, 0, INT32_MAX)); break;
    case notsent_low_water: o.notsent_low_water = n == 0 ? ~0u : static_cast<u32>(n); break;
    case window_clamp: break;
    case fast_open: case fast_open_connect: break;  // permission to use it, which is never used
    default: return fail(errc::no_protocol_option);
  }
  connection_->settings_changed();
  return {};
}

result<> socket::set_own_option(int level, int name, const void* value, usize size) {
  owner guard(*connection_);
  settings& o = connection_->options;
  if (level == option::level_tcp) return set_tcp_option(name, value, size);
  if (level == option::level_socket) {
    switch (name) {
      case option::keep_alive: o.keep_alive = TRY(integer(value, size)) != 0; connection_->settings_changed(); return {};
      case option::receive_buffer: case option::receive_buffer_force:
        o.receive_buffer = clamp_buffer(TRY(integer(value, size)));
        o.receive_buffer_fixed = true;
        return {};
      case option::send_buffer: case option::send_buffer_force:
        o.send_buffer = clamp_buffer(TRY(integer(value, size)));
        o.send_buffer_fixed = true;
        connection_->settings_changed();
        return {};
      case option::receive_low_water: {
        const i32 n = TRY(integer(value, size));
        o.low_water = n <= 0 ? 1 : static_cast<u32>(n) > o.receive_buffer / 2 ? o.receive_buffer / 2 : static_cast<u32>(n);
        connection_->settings_changed();
        return {};
      }
      case option::linger: {
        linux_linger l;
        if (size < sizeof l) return fail(errc::invalid);
        __builtin_memcpy(&l, value, sizeof l);
        o.linger = l.on != 0;
        o.linger_seconds = l.seconds < 0 ? 0 : static_cast<u32>(l.seconds);
        return {};
      }
      default: return fail(errc::no_protocol_option);
    }
  }
  if (level == option::level_ip) {
    switch (name) {
      case option::ip_tos: o.type_of_service = static_cast<u8>(TRY(integer(value, size))); return {};
      case option::ip_ttl: {
        const i32 n = TRY(integer(value, size));
        o.time_to_live = n == -1 ? 64 : static_cast<u8>(TRY(ranged(n, 1, 255)));
        return {};
      }
      case option::ip_mtu_discover: case option::ip_recverr: case option::ip_freebind: case option::ip_transparent:
      case option::ip_bind_address_no_port: case option::ip_options: case option::ip_pktinfo: case option::ip_recvtos: case option::ip_recvttl:
        return {};
      default: return fail(errc::no_protocol_option);
    }
  }
  if (level == option::level_ipv6 && family_ == family_ipv6) {
    switch (name) {
      case option::ipv6_only:
        if (connection_->is_bound()) return fail(errc::invalid);
        connection_->ipv6_only = TRY(integer(value, size)) != 0;
        return {};
      case option::ipv6_tclass: o.type_of_service = static_cast<u8>(TRY(integer(value, size))); return {};
      case option::ipv6_unicast_hops: case option::ipv6_mtu_discover: case option::ipv6_recverr: case option::ipv6_recvpktinfo:
      case option::ipv6_recvtclass: case option::ipv6_recvhoplimit:
        return {};
      default: return fail(errc::no_protocol_option);
    }
  }
  return fail(errc::no_protocol_option);
}

result<usize> socket::get_own_option(int level, int name, void* into, usize size) {
  owner guard(*connection_);
  const settings& o = connection_->options;
  const auto give = [&](u64 n) { return give_integer(static_cast<i32>(n), into, size); };
  if (level == option::level_tcp) {
    switch (name) {
      case no_delay: return give(o.no_delay);
      case cork: return give(o.cork);
      case maximum_segment: return give(connection_->is_closed() && o.mss_max ? o.mss_max : connection_->effective_mss());
      case keep_idle: return give(o.keep_idle_seconds);
      case keep_interval: return give(o.keep_interval_seconds);
      case keep_count: return give(o.keep_count);
      case syn_count: return give(o.syn_count);
      case linger_2: return give(o.fin_wait_2_seconds);
      case defer_accept: return give(o.defer_accept_seconds);
      case window_clamp: return give(0);
      case quick_ack: return give(1);
      case user_timeout: return give(o.user_timeout_ms);
      case notsent_low_water: return give(o.notsent_low_water);
      case fast_open: case fast_open_connect: return give(0);
      case info: return connection_->fill_info(into, size);
      case congestion_name: {
        char text[16] = {};
        __builtin_memcpy(text, congestion_control.data(), congestion_control.size());
        const usize n = size < sizeof text ? size : sizeof text;
        __builtin_memcpy(into, text, n);
        return n;
      }
      default: return fail(errc::no_protocol_option);
    }
  }
  if (level == option::level_socket) {
    switch (name) {
      case option::keep_alive: return give(o.keep_alive);
      // Linux shows the doubled figure (socket(7)).
      case option::receive_buffer: return give(2ull * o.receive_buffer);
      case option::send_buffer: return give(2ull * o.send_buffer);
      case option::receive_low_water: return give(o.low_water);
      case option::accepting: return give(connection_->is_listening());
      case option::linger: {
        const linux_linger l{o.linger, static_cast<i32>(o.linger_seconds)};
        const usize n = size < sizeof l ? size : sizeof l;
        __builtin_memcpy(into, &l, n);
        return n;
      }
      default: return fail(errc::no_protocol_option);
    }
  }
  if (level == option::level_ip) {
    switch (name) {
      case option::ip_tos: return give(o.type_of_service);
      case option::ip_ttl: return give(o.time_to_live);
      case option::ip_mtu_discover: return give(1);
      case option::ip_mtu: {
        if (connection_->is_closed()) return fail(errc::not_connected);
        return give(connection_->path_mtu());
      }
      case option::ip_options: return usize{0};
      case option::ip_recverr: case option::ip_freebind: case option::ip_transparent: case option::ip_bind_address_no_port: case option::ip_pktinfo: return give(0);
      default: return fail(errc::no_protocol_option);
    }
  }
  if (level == option::level_ipv6 && family_ == family_ipv6) {
    switch (name) {
      case option::ipv6_only: return give(connection_->ipv6_only);
      case option::ipv6_tclass: return give(o.type_of_service);
      case option::ipv6_unicast_hops: return give(o.time_to_live);
      default: return fail(errc::no_protocol_option);
    }
  }
  return fail(errc::no_protocol_option);
}

}  // namespace osv::net::tcp
