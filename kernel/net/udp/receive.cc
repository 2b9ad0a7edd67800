// From the IP layer to datagram sockets.
#include "net/checksum.hh"
#include "net/headers.hh"
#include "net/udp/socket.hh"
#include "trace/count.hh"

namespace osv::net::udp {

namespace {

/// A copy for a further receiver of a multicast or broadcast datagram; nullptr without memory or if too long to copy.
unique<io::packet> copy_of(const io::packet& p) {
  auto created = io::packet::create();
  if (!created.ok() || p.size() > created.value()->tailroom()) return nullptr;
  unique<io::packet> copy = created.release();
  p.copy_out(0, copy->append(p.size()), p.size());
  copy->control[5] = p.control[5];
  return copy;
}

void deliver_to_all(stack& s, unique<io::packet> packet, interface& in, const endpoint& from, const endpoint& to) {
  constexpr unsigned receivers_max = 16;
  ref<socket> receivers[receivers_max];
  unsigned count = 0;
  s.udp_ports.for_each_match(to.ip, to.port, from.ip, from.port, in.index(), [&](port_holder& h) {
    if (count < receivers_max && h.try_retain_holder()) receivers[count++] = ref<socket>::adopt(static_cast<socket*>(&h));
  });
  for (unsigned i = 0; i + 1 < count; ++i)
    if (auto copy = copy_of(*packet)) receivers[i]->deliver(std::move(copy), in, from, to.ip);
  if (count) receivers[count - 1]->deliver(std::move(packet), in, from, to.ip);
}

}  // namespace

void receive(stack& s, unique<io::packet> packet, interface& in, const address& source, const address& destination) {
  if (packet->linear() < sizeof(udp_header)) return s.drop(drop_reason::malformed);
  const auto* header = reinterpret_cast<const udp_header*>(packet->data());
  const usize length = header->length;
  if (length < sizeof(udp_header) || length > packet->size()) return s.drop(drop_reason::malformed);
  packet->trim(length);
  if (!packet->checksum_valid && header->checksum &&
      checksum_finish(checksum_packet(*packet, 0, checksum_pseudo_header(source, destination, protocol_udp, length))) != 0) {
    trace::count(trace::counter::network_checksum_errors);
    return s.drop(drop_reason::bad_checksum);
  }
  if (packet->network_offset) {
    const auto* ip = reinterpret_cast<const ipv4_header*>(packet->data() - packet->network_offset);
    packet->control[5] = ip->type_of_service | static_cast<u64>(ip->time_to_live) << 8;
  }
  const endpoint from{source, header->source_port}, to{destination, header->destination_port};
  if (destination.is_multicast() || (destination.is_ipv4() && in.is_broadcast(destination.ipv4()))) {
    packet->pull(sizeof(udp_header));
    return deliver_to_all(s, std::move(packet), in, from, to);
  }
  const flow f{destination, source, to.port, from.port};
  port_holder* h = s.udp_ports.find(destination, to.port, source, from.port, false, s.connections.hash(f), in.index());
  if (!h) {
    s.drop(drop_reason::no_listener);
    if (in.is_loopback()) return error_received(s, {source, destination, from.port, to.port}, errc::connection_refused);
    return s.send_icmp_error(*packet, in, source, destination, icmp_unreachable, icmp_code_port);
  }
  const ref<socket> receiver = ref<socket>::adopt(static_cast<socket*>(h));
  packet->pull(sizeof(udp_header));
  receiver->deliver(std::move(packet), in, from, destination);
}

void error_received(stack& s, const flow& f, errc error) {
  port_holder* h = s.udp_ports.find(f.local, f.local_port, f.remote, f.remote_port, false, s.connections.hash(f));
  if (!h) return;
  const ref<socket> sender = ref<socket>::adopt(static_cast<socket*>(h));
  // Unconnected sockets do not hear of it (udp(7)).
  if (sender->remote_endpoint.port == f.remote_port) sender->note_error(error);
}

}  // namespace osv::net::udp
