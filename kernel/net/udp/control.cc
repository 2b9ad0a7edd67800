// Control messages of datagram sockets: cmsg(3), ip(7), ipv6(7).
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
constexpr int hop_limit_type = 52;  // IPV6_HOPLIMIT

/// What does not fit is cut off and said to be by MSG_CTRUNC, as put_cmsg() of Linux does.
void put(io::message& m, int level, int type, const void* body, usize size) {
  const usize room = m.control ? m.control_capacity - m.control_length : 0;
  if (room < sizeof(control_header)) {
    m.flags |= io::message_flag::control_truncated;
    return;
  }
  usize length = sizeof(control_header) + size;
  if (length > room) {
    m.flags |= io::message_flag::control_truncated;
    length = room;
  }
  const control_header h{length, level, type};
  const usize padded = align_up(length, 8) < room ? align_up(length, 8) : room;
  u8* at = m.control + m.control_length;
  __builtin_memset(at, 0, padded);
  __builtin_memcpy(at, &h, sizeof h);
  __builtin_memcpy(at + sizeof h, body, length - sizeof h);
  m.control_length += padded;
}

/// The time of arrival in the form of socket option `form` (SCM_TIMESTAMP, SCM_TIMESTAMPNS).
void put_timestamp(io::message& m, int form, nanoseconds arrived) {
  struct {
    i64 seconds, part;
  } t{arrived / second, arrived % second};
  if (form == option::timestamp || form == option::timestamp_new) t.part /= microsecond;
  put(m, option::level_socket, form, &t, sizeof t);
}

void put_integer(io::message& m, int level, int type, i32 value) { put(m, level, type, &value, sizeof value); }

result<i32> integer_of(const u8* body, usize size, i32 least) {
  i32 n;
  if (size != sizeof n) return fail(errc::invalid);
  __builtin_memcpy(&n, body, sizeof n);
  if (n < least || n > 255) return fail(errc::invalid);
  return n;
}

}  // namespace

result<socket::send_control> socket::read_control(const io::message& m) const {
  send_control c;
  for (usize at = 0; at + sizeof(control_header) <= m.control_capacity;) {
    control_header h;
    __builtin_memcpy(&h, m.control + at, sizeof h);
    if (h.length < sizeof h || h.length > m.control_capacity - at) return fail(errc::invalid);
    const u8* body = m.control + at + sizeof h;
    const usize size = h.length - sizeof h;
    if (h.level == option::level_ip) {
      switch (h.type) {
        case option::ip_pktinfo: {
          packet_info_ipv4 info;
          if (size != sizeof info) return fail(errc::invalid);
          __builtin_memcpy(&info, body, sizeof info);
          c.source = address::from_ipv4(info.local);
          break;
        }
        case option::ip_ttl: c.time_to_live = TRY(integer_of(body, size, 1)); break;
        case option::ip_tos: c.type_of_service = size == 1 ? *body : TRY(integer_of(body, size, 0)); break;
        default: return fail(errc::invalid);
      }
    } else if (h.level == option::level_ipv6 && family_ == family_ipv6) {
      switch (h.type) {
        case option::ipv6_pktinfo:
          if (size < sizeof(packet_info_ipv6)) return fail(errc::invalid);
          __builtin_memcpy(&c.source, body, 16);
          break;
        case hop_limit_type: c.time_to_live = TRY(integer_of(body, size, -1)); break;
        case option::ipv6_tclass: c.type_of_service = TRY(integer_of(body, size, -1)); break;
        default: return fail(errc::invalid);
      }
    }
    at += align_up(h.length, 8);
  }
  return c;
}

void socket::put_control(io::message& m, const io::packet& p) const {
  const address from{p.control[0], p.control[1]}, to{p.control[3], p.control[4]};
  const u32 index = static_cast<u32>(p.control[2] >> 32);
  if (const int form = timestamp_form_.load(std::memory_order_relaxed))
    put_timestamp(m, form, p.received_at ? p.received_at : sched::realtime());
  const u8 type_of_service = static_cast<u8>(p.control[5]), time_to_live = static_cast<u8>(p.control[5] >> 8);
  if (from.is_ipv4()) {
    if (wants(wanted::packet_info_ipv4)) {
      const packet_info_ipv4 info{static_cast<i32>(index), to.ipv4(), to.ipv4()};
      put(m, option::level_ip, option::ip_pktinfo, &info, sizeof info);
    }
    if (wants(wanted::time_to_live)) put_integer(m, option::level_ip, option::ip_ttl, time_to_live);
    if (wants(wanted::type_of_service)) put(m, option::level_ip, option::ip_tos, &type_of_service, 1);
  }
  if (family_ != family_ipv6) return;
  if (wants(wanted::packet_info_ipv6)) {
    packet_info_ipv6 info{};
    __builtin_memcpy(info.destination, &to, 16);
    info.interface = index;
    put(m, option::level_ipv6, option::ipv6_pktinfo, &info, sizeof info);
  }
  if (from.is_ipv4()) return;
  if (wants(wanted::hop_limit)) put_integer(m, option::level_ipv6, hop_limit_type, time_to_live);
  if (wants(wanted::traffic_class)) put_integer(m, option::level_ipv6, option::ipv6_tclass, type_of_service);
}

}  // namespace osv::net::udp
