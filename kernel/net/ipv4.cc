// IPv4 (RFC 791, RFC 1122 §3): input checks, delivery, output, fragments out.
#include "net/checksum.hh"
#include "net/headers.hh"
#include "net/stack.hh"
#include "net/tcp/tcp.hh"
#include "net/udp/udp.hh"
#include "trace/count.hh"

namespace osv::net {

namespace {

bool is_dhcp_answer(const io::packet& packet, const ipv4_header& header) {
  constexpr u16 client_port = 68;
  if (header.protocol != protocol_udp || (header.fragment & ipv4_offset_mask) || packet.linear() < header.length() + sizeof(udp_header)) return false;
  return reinterpret_cast<const udp_header*>(packet.data() + header.length())->destination_port == client_port;
}

}  // namespace

void stack::ipv4_received(unique<io::packet> packet, interface& in, bool link_multicast) {
  if (packet->linear() < sizeof(ipv4_header)) return drop(drop_reason::malformed);
  const auto* header = reinterpret_cast<const ipv4_header*>(packet->data());
  const usize header_length = header->length();
  const usize total = header->total_length;
  if (header->version_length >> 4 != 4 || header_length < sizeof(ipv4_header) || header_length > packet->linear() ||
      total < header_length || total > packet->size())
    return drop(drop_reason::malformed);
  if (checksum_finish(checksum_add(header, header_length)) != 0) {
    trace::count(trace::counter::network_checksum_errors);
    return drop(drop_reason::bad_checksum);
  }
  packet->trim(total);  // Ethernet pads short frames
  const u32 destination_ip = header->destination, source_ip = header->source;
  const address destination = address::from_ipv4(destination_ip), source = address::from_ipv4(source_ip);
  // RFC 1122 §3.2.1.3: a source is never multicast or broadcast, and loopback addresses never come from a wire.
  if (source.is_multicast() || source_ip == ipv4_broadcast || source.is_loopback() || destination.is_loopback())
    return drop(drop_reason::malformed);
  if (!in.has_address(destination) && !in.is_broadcast(destination_ip) && !(destination.is_multicast() && in.joined(destination_ip)) &&
      !is_local(destination) && !(in.is_configuring() && is_dhcp_answer(*packet, *header)))
    return drop(drop_reason::not_for_us);

  if (header->fragment & (ipv4_more_fragments | ipv4_offset_mask)) {
    packet = fragments.add(std::move(packet));
    if (!packet) return;
    packet->interface = &in;
    header = reinterpret_cast<const ipv4_header*>(packet->data());
  }
  const u8 protocol = header->protocol;
  const usize length = header->length();
  packet->network_offset = static_cast<u16>(length);
  packet->pull(length);
  if (link_multicast && protocol == protocol_tcp) return drop(drop_reason::malformed);
  deliver(std::move(packet), in, source, destination, protocol);
}

void stack::deliver(unique<io::packet> packet, interface& in, const address& source, const address& destination, u8 protocol) {
  switch (protocol) {
    case protocol_tcp: return tcp::receive(*this, std::move(packet), in, source, destination);
    case protocol_udp: return udp::receive(*this, std::move(packet), in, source, destination);
    case protocol_icmp: return icmp_received(std::move(packet), in, source, destination);
    default:
      drop(drop_reason::no_listener);
      send_icmp_error(*packet, in, source, destination, icmp_unreachable, icmp_code_protocol);
  }
}

void stack::finish_checksum(io::packet& packet, const route& r, const address& source, const address& destination, u8 protocol,
                            usize checksum_offset) {
  auto* field = reinterpret_cast<u16*>(packet.data() + checksum_offset);
  if (r.local) {
    packet.checksum_valid = true;
    return;
  }
  const u32 pseudo = checksum_pseudo_header(source, destination, protocol, packet.size());
  if (r.out->offloads().transmit_checksum) {
    u16 partial = static_cast<u16>(~checksum_finish(pseudo));
    __builtin_memcpy(field, &partial, 2);
    packet.checksum_needed = true;
    packet.checksum_start = 0;
    packet.checksum_offset = static_cast<u16>(checksum_offset);
    return;
  }
  const u16 zero = 0;
  __builtin_memcpy(field, &zero, 2);
  u16 sum = checksum_finish(checksum_packet(packet, 0, pseudo));
  if (sum == 0 && protocol == protocol_udp) sum = 0xffff;  // RFC 768: 0 means none
  __builtin_memcpy(field, &sum, 2);
}

result<> stack::send(unique<io::packet> packet, const route& r, const address& source, const address& destination, const send_options& o,
                     neighbour* cached) {
  if (r.local) {
    interface& lo = loopback();
    const usize size = packet->size();
    lo.count_transmitted(size);
    lo.count_received(size);
    packet->interface = &lo;
    packet->network_offset = 0;
    deliver(std::move(packet), lo, source, destination, o.protocol);
    return {};
  }
  ipv4_header pattern{};
  pattern.version_length = 0x45;
  pattern.type_of_service = o.type_of_service;
  pattern.time_to_live = o.time_to_live;
  pattern.protocol = o.protocol;
  pattern.source = source.ipv4();
  pattern.destination = destination.ipv4();
  const usize total = packet->size() + sizeof(ipv4_header);
  if (total > r.mtu && packet->segment_size == 0) {
    if (o.dont_fragment) return fail(errc::message_size);
    return fragment_and_send(std::move(packet), r, pattern, cached);
  }
  // RFC 6864: an unfragmented datagram with DF needs no identification. UDP that fits goes with DF too.
  pattern.fragment = ipv4_dont_fragment;
  pattern.total_length = static_cast<u16>(total);
  auto* header = reinterpret_cast<ipv4_header*>(packet->push(sizeof(ipv4_header)));
  *header = pattern;
  header->checksum = checksum_finish(checksum_add(header, sizeof *header));
  if (packet->checksum_needed) packet->checksum_start += sizeof(ipv4_header);
  transmit_ipv4(std::move(packet), r, destination.ipv4(), cached);
  return {};
}

void stack::transmit_ipv4(unique<io::packet> packet, const route& r, u32 destination, neighbour* cached) {
  if (r.broadcast || destination == ipv4_broadcast)
    return r.out->transmit(std::move(packet), {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, ether_type_ipv4);
  if (r.multicast) {  // RFC 1112 §6.4
    const devices::mac_address mac{{0x01, 0x00, 0x5e, static_cast<u8>(destination >> 16 & 0x7f), static_cast<u8>(destination >> 8), static_cast<u8>(destination)}};
    return r.out->transmit(std::move(packet), mac, ether_type_ipv4);
  }
  if (cached) return r.out->neighbours().send(*cached, std::move(packet));
  auto n = r.out->neighbours().find(r.next_hop.ipv4());
  if (!n.ok()) return drop(drop_reason::no_buffer);
  r.out->neighbours().send(*n.value(), std::move(packet));
}

result<> stack::fragment_and_send(unique<io::packet> whole, const route& r, const ipv4_header& pattern, neighbour* cached) {
  // The device cannot complete a checksum that spans fragments.
  if (whole->checksum_needed) {
    whole->checksum_needed = false;
    auto* field = reinterpret_cast<u16*>(whole->data() + whole->checksum_offset);
    u16 sum = checksum_finish(checksum_packet(*whole, 0, 0));  // the field holds the pseudo header's sum
    if (sum == 0) sum = 0xffff;
    __builtin_memcpy(field, &sum, 2);
  }
  const usize room_in_packet = io::packet::linear_size - io::packet::headroom;
  usize piece_max = r.mtu - sizeof(ipv4_header);
  if (piece_max > room_in_packet) piece_max = room_in_packet;
  piece_max &= ~static_cast<usize>(7);
  const u16 identification = static_cast<u16>(identification_.fetch_add(1, std::memory_order_relaxed));
  const usize size = whole->size();
  if (size > 65535 - sizeof(ipv4_header)) return fail(errc::message_size);
  for (usize at = 0; at < size;) {
    const usize n = size - at < piece_max ? size - at : piece_max;
    unique<io::packet> piece = TRY(io::packet::create());
    auto* header = reinterpret_cast<ipv4_header*>(piece->append(sizeof(ipv4_header)));
    *header = pattern;
    header->identification = identification;
    header->total_length = static_cast<u16>(n + sizeof(ipv4_header));
    header->fragment = static_cast<u16>(at / 8 | (at + n < size ? ipv4_more_fragments : 0));
    header->checksum = checksum_finish(checksum_add(header, sizeof *header));
    whole->copy_out(at, piece->append(n), n);
    transmit_ipv4(std::move(piece), r, pattern.destination, cached);
    at += n;
  }
  return {};
}

void stack::unreachable(unique<io::packet> packet) {
  if (packet->linear() < sizeof(ipv4_header) + 8) return;
  const auto* header = reinterpret_cast<const ipv4_header*>(packet->data());
  if (header->fragment & ipv4_offset_mask) return;
  const u8* transport = packet->data() + header->length();
  flow f{address::from_ipv4(header->source), address::from_ipv4(header->destination), 0, 0};
  f.local_port = static_cast<u16>(transport[0] << 8 | transport[1]);
  f.remote_port = static_cast<u16>(transport[2] << 8 | transport[3]);
  report_error(f, header->protocol, transport, errc::host_unreachable, false, 0);
}

}  // namespace osv::net
