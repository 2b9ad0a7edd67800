// ICMP for IPv4 (RFC 792, RFC 1122 §3.2.2): echo, and errors in both directions.
#include "net/checksum.hh"
#include "net/headers.hh"
#include "net/stack.hh"
#include "net/tcp/tcp.hh"
#include "net/udp/udp.hh"
#include "trace/count.hh"

namespace osv::net {

namespace {

constexpr u32 icmp_errors_per_second_max = 100;  // RFC 1812 §4.3.2.8
constexpr usize quoted_max = 548;  // RFC 1812 §4.3.2.3: the whole error fits in 576 bytes

struct error_meaning {
  errc error;
  bool hard;  // ends a connection at once (only while it is being opened: RFC 5461)
};

/// RFC 1122 §4.2.3.9 and icmp(7).
error_meaning meaning(u8 type, u8 code) {
  if (type != icmp_unreachable) return {errc::host_unreachable, false};
  switch (code) {
    case icmp_code_network: case 6: case 8: case 11: return {errc::network_unreachable, false};
    case icmp_code_protocol: return {errc::no_protocol_option, true};
    case icmp_code_port: return {errc::connection_refused, true};
    case icmp_code_fragmentation_needed: return {errc::message_size, false};
    default: return {errc::host_unreachable, false};
  }
}

void echo_reply(stack& s, unique<io::packet> packet, const address& from, const address& to) {
  auto r = s.find_route(to, from);
  if (!r.ok()) return;
  auto* icmp = reinterpret_cast<icmp_header*>(packet->data());
  icmp->type = icmp_echo_reply;
  icmp->checksum = 0;
  icmp->checksum = checksum_finish(checksum_packet(*packet, 0, 0));
  packet->checksum_valid = false;
  stack::send_options o;
  o.protocol = protocol_icmp;
  o.dont_fragment = false;
  (void)s.send(std::move(packet), r.value(), from, to, o);
}

}  // namespace

void stack::icmp_received(unique<io::packet> packet, interface& in, const address& source, const address& destination) {
  if (packet->linear() < sizeof(icmp_header)) return drop(drop_reason::malformed);
  if (!packet->checksum_valid || !in.is_loopback())
    if (checksum_finish(checksum_packet(*packet, 0, 0)) != 0) {
      trace::count(trace::counter::network_checksum_errors);
      return drop(drop_reason::bad_checksum);
    }
  const auto* icmp = reinterpret_cast<const icmp_header*>(packet->data());
  const u8 type = icmp->type, code = icmp->code;
  if (type == icmp_echo) {
    if (!is_local(destination)) return;  // RFC 1122 §3.2.2.6: broadcast pings may be ignored
    return echo_reply(*this, std::move(packet), destination, source);
  }
  if (type != icmp_unreachable && type != icmp_time_exceeded && type != icmp_parameter_problem) return;
  const u16 next_mtu = static_cast<u16>(icmp->rest);
  packet->pull(sizeof(icmp_header));
  if (packet->linear() < sizeof(ipv4_header)) return drop(drop_reason::malformed);
  const auto* inner = reinterpret_cast<const ipv4_header*>(packet->data());
  const usize inner_length = inner->length();
  if (inner_length < sizeof(ipv4_header) || packet->linear() < inner_length + 8 || (inner->fragment & ipv4_offset_mask))
    return drop(drop_reason::malformed);
  flow f{address::from_ipv4(inner->source), address::from_ipv4(inner->destination), 0, 0};
  if (!is_local(f.local)) return drop(drop_reason::malformed);
  const u8* transport = packet->data() + inner_length;
  f.local_port = static_cast<u16>(transport[0] << 8 | transport[1]);
  f.remote_port = static_cast<u16>(transport[2] << 8 | transport[3]);
  const error_meaning m = meaning(type, code);
  report_error(f, inner->protocol, transport, m.error, m.hard, m.error == errc::message_size ? next_mtu : u16{0});
}

void stack::report_error(const flow& f, u8 protocol, const u8* transport, errc error, bool hard, u16 path_mtu) {
  if (protocol == protocol_tcp) {
    const u32 sequence = static_cast<u32>(transport[4]) << 24 | static_cast<u32>(transport[5]) << 16 | static_cast<u32>(transport[6]) << 8 | transport[7];
    tcp::error_received(*this, f, sequence, error, hard, path_mtu);
  } else if (protocol == protocol_udp) {
    udp::error_received(*this, f, error);
  }
}

bool stack::icmp_allowed() {
  lock::guard g(icmp_lock_);
  const nanoseconds time = now();
  if (time - icmp_window_ >= second) {
    icmp_window_ = time;
    icmp_sent_ = 0;
  }
  return icmp_sent_++ < icmp_errors_per_second_max;
}

void stack::send_icmp_error(const io::packet& original, interface& in, const address& source, const address& destination, u8 type, u8 code,
                            u32 rest) {
  // RFC 1122 §3.2.2: never about a packet to a broadcast or multicast address, nor about an ICMP error.
  if (in.is_loopback() || original.network_offset == 0 || !source.is_ipv4() || !is_local(destination) || source.is_unspecified()) return;
  const u8* quoted = original.data() - original.network_offset;
  if (reinterpret_cast<const ipv4_header*>(quoted)->protocol == protocol_icmp) return;
  if (!icmp_allowed()) return;
  auto r = find_route(source, destination);
  auto created = io::packet::create();
  if (!r.ok() || !created.ok()) return;
  unique<io::packet> p = created.release();
  auto* icmp = reinterpret_cast<icmp_header*>(p->append(sizeof(icmp_header)));
  icmp->type = type;
  icmp->code = code;
  icmp->checksum = 0;
  icmp->rest = rest;
  usize n = original.linear() + original.network_offset;
  if (n > quoted_max) n = quoted_max;
  __builtin_memcpy(p->append(n), quoted, n);
  icmp->checksum = checksum_finish(checksum_packet(*p, 0, 0));
  send_options o;
  o.protocol = protocol_icmp;
  (void)send(std::move(p), r.value(), destination, source, o);
}

}  // namespace osv::net
