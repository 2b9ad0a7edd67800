// From the IP layer to a connection or listener; resets for what belongs to nobody.
#include "net/checksum.hh"
#include "net/tcp/connection.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::net::tcp {

void receive(stack& s, unique<io::packet> packet, interface& in, const address& source, const address& destination) {
  trace::count(trace::counter::tcp_segments_received);
  if (packet->linear() < sizeof(tcp_header)) return s.drop(drop_reason::malformed);
  if (!packet->checksum_valid &&
      checksum_finish(checksum_packet(*packet, 0, checksum_pseudo_header(source, destination, protocol_tcp, packet->size()))) != 0) {
    trace::count(trace::counter::network_checksum_errors);
    return s.drop(drop_reason::bad_checksum);
  }
  // RFC 1122 §4.2.3.10: TCP is between two hosts.
  if (destination.is_multicast() || (destination.is_ipv4() && in.is_broadcast(destination.ipv4()))) return s.drop(drop_reason::malformed);
  const auto* header = reinterpret_cast<const tcp_header*>(packet->data());
  const flow f{destination, source, header->destination_port, header->source_port};
  trace::point::tcp_receive(static_cast<u32>(f.local_port) << 16 | f.remote_port, static_cast<u32>(header->sequence), packet->size(), header->flags);
  if (ref<connection> c = s.connections.find(f)) {
    c->enqueue(std::move(packet));
    if (in.is_loopback())
      c->process();
    else
      in.schedule(*c);
    return;
  }
  if (source.is_unspecified()) return s.drop(drop_reason::malformed);
  segment g;
  if (!parse_segment(*packet, g)) return s.drop(drop_reason::malformed);
  if (port_holder* holder = s.tcp_ports.find(destination, f.local_port, source, f.remote_port, true, s.connections.hash(f))) {
    const ref<connection> listener = ref<connection>::adopt(static_cast<connection*>(holder));
    if (g.rst()) return;
    if (g.syn() && !g.ack()) return listener->syn_received(g, f, in);
    if (listener->cookie_received(g, f, in, packet)) return;
  } else {
    s.drop(drop_reason::no_listener);
  }
  if (!g.rst()) send_reset(s, f, g);
}

void error_received(stack& s, const flow& f, u32 sequence, errc error, bool hard, u16 path_mtu) {
  ref<connection> c = s.connections.find(f);
  if (!c || !c->is_outstanding(sequence)) return;  // RFC 5927 §4: a blind attacker would have to guess it
  c->note_error(error, hard, path_mtu);
  c->process();
}

void send_reset(stack& s, const flow& f, const segment& g) {
  auto r = s.find_route(f.remote, f.local);
  auto created = io::packet::create();
  if (!r.ok() || !created.ok()) return;
  unique<io::packet> p = created.release();
  auto* header = reinterpret_cast<tcp_header*>(p->append(sizeof(tcp_header)));
  *header = tcp_header{};
  header->source_port = f.local_port;
  header->destination_port = f.remote_port;
  header->offset = 5 << 4;
  header->flags = tcp_rst;
  if (g.ack()) {
    header->sequence = g.acknowledgement;
  } else {
    header->flags |= tcp_ack;
    header->acknowledgement = g.end();
  }
  stack::finish_checksum(*p, r.value(), f.local, f.remote, protocol_tcp, offsetof(tcp_header, checksum));
  stack::send_options o;
  o.protocol = protocol_tcp;
  trace::count(trace::counter::tcp_resets_sent);
  trace::count(trace::counter::tcp_segments_sent);
  (void)s.send(std::move(p), r.value(), f.local, f.remote, o);
}

}  // namespace osv::net::tcp
