// For tests: a peer without a stack, which sends any TCP segment it likes and sees every answer.
#pragma once

#include <cstring>
#include <deque>

#include "net/tcp/segment.hh"
#include "net/testing/wire.hh"
#include "net/testing/sockets.hh"

namespace osv::net::testing {

struct seen_segment {
  tcp::segment s;
  std::string payload;
  u16 source_port, destination_port;
};

/// 10.0.0.1 by hand against a stack at 10.0.0.2.
class raw_peer {
 public:
  raw_peer() {
    EXPECT_TRUE(host.initialize().ok());
    interface* nic = host.attach(*link.ends[1]).release();
    EXPECT_TRUE(nic->start().ok());
    EXPECT_TRUE(nic->add_address({ip(2), 24, 0x0a0000ff}).ok());
    link.ends[0]->received = [this](unique<io::packet> p) { take(std::move(p)); };
    link.start();
  }
  ~raw_peer() {
    link.stop();
    host.stop();
  }
  static net::address ip(u32 last) { return net::address::from_ipv4(0x0a000000 + last); }

  struct header {
    u8 flags = tcp_ack;
    u32 sequence = 0, acknowledgement = 0;
    u16 window = 65535;
    std::string payload;
    std::string options;
    u16 urgent = 0;
    u16 source_port = 1000, destination_port = 80;
    u32 from = 1;
  };
  void send(const header& h) {
    std::vector<u8> f(sizeof(ethernet_header) + sizeof(ipv4_header) + sizeof(tcp_header) + h.options.size() + h.payload.size());
    auto* e = reinterpret_cast<ethernet_header*>(f.data());
    std::memcpy(e->destination, link.ends[1]->address().bytes, 6);
    std::memcpy(e->source, link.ends[0]->address().bytes, 6);
    e->type = ether_type_ipv4;
    auto* i = reinterpret_cast<ipv4_header*>(e + 1);
    *i = ipv4_header{};
    i->version_length = 0x45;
    i->total_length = static_cast<u16>(f.size() - sizeof(ethernet_header));
    i->time_to_live = 64;
    i->protocol = protocol_tcp;
    i->source = ip(h.from).ipv4();
    i->destination = ip(2).ipv4();
    i->checksum = checksum_finish(checksum_add(i, sizeof *i));
    auto* t = reinterpret_cast<tcp_header*>(i + 1);
    *t = tcp_header{};
    t->source_port = h.source_port;
    t->destination_port = h.destination_port;
    t->sequence = h.sequence;
    t->acknowledgement = h.acknowledgement;
    t->offset = static_cast<u8>((sizeof(tcp_header) + h.options.size()) / 4 << 4);
    t->flags = h.flags;
    t->window = h.window;
    t->urgent = h.urgent;
    std::memcpy(t + 1, h.options.data(), h.options.size());
    std::memcpy(reinterpret_cast<u8*>(t + 1) + h.options.size(), h.payload.data(), h.payload.size());
    const usize length = sizeof(tcp_header) + h.options.size() + h.payload.size();
    t->checksum = checksum_finish(checksum_add(t, length, checksum_pseudo_header(ip(h.from), ip(2), protocol_tcp, length)));
    link.inject(1, std::move(f));
  }
  /// Lets `span` pass and returns what came.
  std::deque<seen_segment> collect(nanoseconds span = millisecond) {
    clock.advance(span);
    return std::exchange(seen, {});
  }
  /// Opens a connection to port 80 by hand; the listener must exist. Fills iss and irs.
  void open(const std::string& options = {}, u16 window = 65535) {
    send({.flags = tcp_syn, .sequence = iss, .window = window, .options = options});
    auto answers = collect();
    ASSERT_EQ(answers.size(), 1u);
    ASSERT_EQ(answers[0].s.flags, tcp_syn | tcp_ack);
    irs = answers[0].s.sequence;
    send({.sequence = iss + 1, .acknowledgement = irs + 1, .window = window});
    collect();
  }

  hosted::virtual_clock clock;
  wire link;
  stack host;
  std::deque<seen_segment> seen;
  u32 iss = 1'000'000, irs = 0;

 private:
  void take(unique<io::packet> p) {
    const auto* e = reinterpret_cast<const ethernet_header*>(p->data());
    if (e->type == ether_type_arp) {
      const auto* a = reinterpret_cast<const arp_header*>(e + 1);
      if (a->operation != arp_request) return;
      std::vector<u8> f(sizeof(ethernet_header) + sizeof(arp_header));
      auto* r = reinterpret_cast<ethernet_header*>(f.data());
      std::memcpy(r->destination, e->source, 6);
      std::memcpy(r->source, link.ends[0]->address().bytes, 6);
      r->type = ether_type_arp;
      auto* b = reinterpret_cast<arp_header*>(r + 1);
      *b = *a;
      b->operation = arp_reply;
      std::memcpy(b->target_mac, a->sender_mac, 6);
      b->target_ip = a->sender_ip;
      std::memcpy(b->sender_mac, link.ends[0]->address().bytes, 6);
      b->sender_ip = a->target_ip;
      link.inject(1, std::move(f));
      return;
    }
    p->pull(sizeof(ethernet_header));
    const auto* i = reinterpret_cast<const ipv4_header*>(p->data());
    if (i->protocol != protocol_tcp) return;
    p->trim(i->total_length);
    p->pull(i->length());
    seen_segment s;
    const auto* t = reinterpret_cast<const tcp_header*>(p->data());
    s.source_port = t->source_port;
    s.destination_port = t->destination_port;
    EXPECT_TRUE(tcp::parse_segment(*p, s.s));
    s.payload.resize(p->size());
    p->copy_out(0, s.payload.data(), p->size());
    seen.push_back(std::move(s));
  }
};

}  // namespace osv::net::testing
