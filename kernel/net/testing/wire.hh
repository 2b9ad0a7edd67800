// For tests: devices on a simulated wire that loses, delays, reorders, duplicates and damages frames from a seed, in virtual
// time. Two stacks on one wire make a network in one process.
#pragma once

#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "devices/network_device.hh"
#include "hosted/virtual_clock.hh"
#include "net/checksum.hh"
#include "net/headers.hh"
#include "net/stack.hh"

namespace osv::net::testing {

struct wire_quality {
  double loss = 0, reorder = 0, duplicate = 0, damage = 0;
  nanoseconds delay = 100 * microsecond;
  nanoseconds jitter = 0;                  // without reordering
  nanoseconds reorder_delay = 5 * millisecond;
  double overtake = 0;                     // skips the delay, and so everything that is under way
  double bytes_per_second = 0;             // 0: unlimited
  usize queue_bytes = 256 * 1024;          // of the bottleneck
};

class wire;

class wire_device final : public devices::network_device {
 public:
  wire_device(wire& w, u8 number) : wire_(w), number_(number) {}
  std::string_view name() const override { return "wire"; }
  devices::mac_address address() const override { return {{2, 0, 0, 0, 0, number_}}; }
  u16 mtu() const override { return mtu_bytes; }
  offloads capabilities() const override { return offered; }
  unsigned queue_pairs() const override { return 1; }
  bool transmit(unique<io::packet> packet) override;
  bool transmit_full() override;
  bool transmitted_all() override { return true; }
  result<> start() override { return {}; }

  offloads offered;
  u16 mtu_bytes = 1500;
  u64 frames_sent = 0;
  usize room_bytes = 0;   // of the queue before a wire with bytes_per_second; 0: unlimited
  u64 frames_refused = 0;
  std::function<bool(std::vector<u8>&)> filter;  // sees each frame that leaves; false: dropped

 private:
  friend class wire;
  static constexpr usize reserve = 96 * 1024;  // the frame that fills it, and what is sent without a look: acknowledgements
  void segment(std::vector<u8> frame, u16 size);
  wire& wire_;
  u8 number_;
};

/// Point to point. Frames wait in a queue by time; one kernel thread delivers.
class wire {
 public:
  explicit wire(u64 seed = 1) : random_(seed) {
    for (u8 i = 0; i < 2; ++i) ends[i] = std::make_unique<wire_device>(*this, static_cast<u8>(i + 1));
  }
  ~wire() { stop(); }
  void start() {
    thread_ = sched::spawn("wire", [this] { run(); }).release();
  }
  void stop() {
    if (!thread_) return;
    stopping_ = true;
    sched::unpark(*thread_);
    while (!stopped_) sched::yield();
    thread_ = nullptr;
  }
  /// False if the device has no room for it.
  bool send(wire_device& from, std::vector<u8> frame) {
    if (from.filter && !from.filter(frame)) return true;
    ++from.frames_sent;
    const usize side = &from == ends[0].get() ? 0 : 1;
    const wire_quality& q = quality[side];
    nanoseconds at = net::now();
    const double waiting = backlog(side);
    if (from.room_bytes && waiting > static_cast<double>(from.room_bytes + wire_device::reserve)) {
      ++from.frames_refused;
      return false;
    }
    if (chance(q.loss)) return true;
    if (q.bytes_per_second > 0) {
      if (!from.room_bytes && waiting > static_cast<double>(q.queue_bytes)) return true;
      if (busy_until_[side] < at) busy_until_[side] = at;
      busy_until_[side] += static_cast<nanoseconds>(static_cast<double>(frame.size()) / q.bytes_per_second * 1e9);
      at = busy_until_[side];
    }
    // ARP has no checksum: on a real wire the Ethernet FCS would drop what is damaged.
    const bool arp = frame.size() > 13 && frame[12] == 8 && frame[13] == 6;
    if (!arp && chance(q.damage)) frame[random_() % frame.size()] ^= static_cast<u8>(1u << (random_() % 8));
    if (chance(q.overtake)) {
      put(at + 20 * microsecond, 1 - side, std::move(frame));
      return true;
    }
    at += q.delay;
    if (q.jitter) at += static_cast<nanoseconds>(random_() % static_cast<u64>(q.jitter));
    if (at < last_[side]) at = last_[side];
    last_[side] = at;
    if (chance(q.reorder)) at += static_cast<nanoseconds>(random_() % static_cast<u64>(q.reorder_delay));
    if (chance(q.duplicate)) put(at + 10 * microsecond, 1 - side, frame);
    put(at, 1 - side, std::move(frame));
    return true;
  }
  bool is_full(const wire_device& d) {
    const usize side = &d == ends[0].get() ? 0 : 1;
    if (!d.room_bytes || backlog(side) < static_cast<double>(d.room_bytes)) return false;
    wants_room_[side] = true;
    if (thread_) sched::unpark(*thread_);
    return true;
  }
  void inject(usize to, std::vector<u8> frame) { put(net::now(), to, std::move(frame)); }

  std::unique_ptr<wire_device> ends[2];
  wire_quality quality[2];  // by sender
  void set_quality(const wire_quality& q) { quality[0] = quality[1] = q; }

 private:
  struct flight {
    nanoseconds at;
    u64 order;
    usize to;
    std::vector<u8> frame;
    bool operator>(const flight& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  double backlog(usize side) const {
    const nanoseconds left = busy_until_[side] - net::now();
    return left > 0 ? static_cast<double>(left) / 1e9 * quality[side].bytes_per_second : 0;
  }
  /// When half of the queue has gone.
  nanoseconds room_at(usize side) const {
    return busy_until_[side] - static_cast<nanoseconds>(static_cast<double>(ends[side]->room_bytes) / 2 / quality[side].bytes_per_second * 1e9);
  }
  bool chance(double p) { return p > 0 && std::uniform_real_distribution<>()(random_) < p; }
  void put(nanoseconds at, usize to, std::vector<u8> frame) {
    const bool first = flights_.empty() || at < flights_.top().at;
    flights_.push({at, ++order_, to, std::move(frame)});
    if (first && thread_) sched::unpark(*thread_);
  }
  void run() {
    while (!stopping_) {
      bool delivered[2] = {};
      while (!flights_.empty() && flights_.top().at <= net::now()) {
        flight f = flights_.top();
        flights_.pop();
        deliver(*ends[f.to], f.frame);
        delivered[f.to] = true;
      }
      for (usize i = 0; i < 2; ++i)
        if (delivered[i] && ends[i]->batch_done) ends[i]->batch_done();
      for (usize i = 0; i < 2; ++i)
        if (wants_room_[i] && room_at(i) <= net::now()) {
          wants_room_[i] = false;
          ends[i]->has_room();
        }
      if (stopping_) break;
      nanoseconds next = flights_.empty() ? never : flights_.top().at;
      for (usize i = 0; i < 2; ++i)
        if (wants_room_[i]) next = std::min(next, room_at(i));
      if (next > net::now()) sched::park(next);
    }
    stopped_ = true;
  }
  static void deliver(wire_device& to, const std::vector<u8>& frame) {
    auto created = io::packet::create();
    if (!created.ok() || !to.received) return;
    unique<io::packet> p = created.release();
    const usize head = std::min(frame.size(), p->tailroom());
    __builtin_memcpy(p->append(head), frame.data(), head);
    for (usize at = head; at < frame.size();) {
      auto page = memory::allocate_frames(3);
      if (!page.ok()) return;
      const usize n = std::min<usize>(frame.size() - at, page_size << 3);
      __builtin_memcpy(page.value()->data(), frame.data() + at, n);
      if (!p->add_fragment(page.value(), 0, static_cast<u32>(n))) return;
      at += n;
    }
    to.received(std::move(p));
  }

  std::mt19937_64 random_;
  std::priority_queue<flight, std::vector<flight>, std::greater<>> flights_;
  u64 order_ = 0;
  nanoseconds busy_until_[2] = {}, last_[2] = {};
  ref<sched::thread> thread_;
  bool wants_room_[2] = {};
  bool stopping_ = false, stopped_ = false;
};

inline bool wire_device::transmit_full() { return wire_.is_full(*this); }

inline bool wire_device::transmit(unique<io::packet> packet) {
  std::vector<u8> frame(packet->size());
  packet->copy_out(0, frame.data(), frame.size());
  if (packet->segment_size) {
    segment(std::move(frame), packet->segment_size);
    return true;
  }
  if (packet->checksum_needed) {
    const usize start = packet->checksum_start;
    const u16 sum = checksum_finish(checksum_add(frame.data() + start, frame.size() - start));
    __builtin_memcpy(frame.data() + start + packet->checksum_offset, &sum, 2);
  }
  EXPECT_LE(frame.size(), mtu_bytes + sizeof(ethernet_header));
  return wire_.send(*this, std::move(frame));
}

/// What a device does with a TSO frame.
inline void wire_device::segment(std::vector<u8> frame, u16 size) {
  auto* ip = reinterpret_cast<ipv4_header*>(frame.data() + sizeof(ethernet_header));
  const usize ip_at = sizeof(ethernet_header), tcp_at = ip_at + ip->length();
  auto* tcp = reinterpret_cast<tcp_header*>(frame.data() + tcp_at);
  const usize headers = tcp_at + tcp->length();
  const u32 first = tcp->sequence;
  for (usize at = headers; at < frame.size(); at += size) {
    const usize n = std::min<usize>(size, frame.size() - at);
    std::vector<u8> piece(frame.begin(), frame.begin() + static_cast<isize>(headers));
    piece.insert(piece.end(), frame.begin() + static_cast<isize>(at), frame.begin() + static_cast<isize>(at + n));
    auto* i = reinterpret_cast<ipv4_header*>(piece.data() + ip_at);
    auto* t = reinterpret_cast<tcp_header*>(piece.data() + tcp_at);
    i->total_length = static_cast<u16>(piece.size() - ip_at);
    i->checksum = 0;
    i->checksum = checksum_finish(checksum_add(i, i->length()));
    t->sequence = first + static_cast<u32>(at - headers);
    if (at + n < frame.size()) t->flags &= static_cast<u8>(~(tcp_fin | tcp_psh));
    t->checksum = 0;
    const u32 pseudo = checksum_pseudo_header(net::address::from_ipv4(i->source), net::address::from_ipv4(i->destination), protocol_tcp, piece.size() - tcp_at);
    t->checksum = checksum_finish(checksum_add(t, piece.size() - tcp_at, pseudo));
    EXPECT_LE(piece.size(), mtu_bytes + sizeof(ethernet_header));
    wire_.send(*this, std::move(piece));
  }
}

/// Two hosts, 10.0.0.1 and 10.0.0.2, on one wire.
class two_hosts {
 public:
  explicit two_hosts(u64 seed = 1, const devices::network_device::offloads& offered = {}, u16 mtu = 1500) : link(seed) {
    for (usize i = 0; i < 2; ++i) {
      link.ends[i]->offered = offered;
      link.ends[i]->mtu_bytes = mtu;
      EXPECT_TRUE(host[i].initialize().ok());
      interface* nic = host[i].attach(*link.ends[i]).release();
      EXPECT_TRUE(nic->start().ok());
      EXPECT_TRUE(nic->add_address({ip(i), 24, 0x0a0000ff}).ok());
    }
    link.start();
  }
  ~two_hosts() {
    link.stop();
    for (stack& s : host) s.stop();
  }
  static net::address ip(usize i) { return net::address::from_ipv4(0x0a000001 + static_cast<u32>(i)); }

  hosted::virtual_clock clock;
  wire link;
  stack host[2];
};

}  // namespace osv::net::testing
