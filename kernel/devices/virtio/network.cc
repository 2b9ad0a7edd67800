// virtio-net (virtio 1.2, 5.1): merged receive buffers, checksum and segmentation offload both ways, one queue pair a CPU.
//
// Receiving: an interrupt wakes the pair's thread, which polls with interrupts off until the ring is empty. Transmitting: no
// interrupts; what the device has sent is collected at the next transmission or reception. Only a ring that fills up asks
// for one.
#include <cstring>

#include "arch/cpu.hh"
#include "devices/network_device.hh"
#include "devices/virtio/device.hh"
#include "lock/spin_lock.hh"
#include "log/log.hh"
#include "memory/frames.hh"
#include "sched/clock.hh"
#include "sched/thread.hh"
#include "trace/count.hh"

namespace osv::devices::virtio {
namespace {

// Features (5.1.3).
constexpr u64 feature_checksum = 1u << 0, feature_guest_checksum = 1u << 1, feature_mtu = 1u << 3, feature_mac = 1u << 5,
              feature_guest_tso4 = 1u << 7, feature_guest_tso6 = 1u << 8, feature_host_tso4 = 1u << 11, feature_host_tso6 = 1u << 12,
              feature_merged_buffers = 1u << 15, feature_control = 1u << 17, feature_multiqueue = 1u << 22;
// Configuration (5.1.4).
constexpr u32 config_mac = 0, config_pairs_max = 8, config_mtu = 10;

// struct virtio_net_hdr (5.1.6).
struct header {
  u8 flags;
  u8 gso_type;
  u16 header_length;
  u16 gso_size;
  u16 checksum_start;
  u16 checksum_offset;
  u16 buffers;
};
static_assert(sizeof(header) == 12);
constexpr u8 header_needs_checksum = 1, header_data_valid = 2;
constexpr u8 gso_none = 0, gso_tcp4 = 1, gso_udp = 3, gso_tcp6 = 4, gso_ecn = 0x80;

constexpr u16 ring_size_wanted = 256;
constexpr usize transmit_segments_max = io::packet::fragments_max + 1;
constexpr u16 transmit_tables = 24;
constexpr unsigned receive_budget = 64;
// A frame that does not fit in a packet's linear part keeps its headers there (Ethernet, IPv6 with options, TCP).
constexpr usize linear_headers = 192;
constexpr usize ethernet_header_size = 14;

class network;

struct queue_pair : pinned {
  network* device;
  unsigned index;
  u16 interrupt;
  // Receiving: the pair's thread alone.
  unique<queue> receive;
  std::atomic<sched::thread*> thread{nullptr};
  ref<sched::thread> receiver;  // keeps it in memory for interrupts that come after its end
  // Transmitting: any thread or timer.
  lock::irq_spin_lock transmit_lock{lock::rank::network_device};
  unique<queue> transmit;
  bool transmit_failed = false;
  bool room_wanted = false;
};

class network final : public network_device {
 public:
  network(unique<transport> t, unsigned index) : transport_(std::move(t)), name_("eth{}", index) {}

  result<> prepare();
  void abandon() { transport_->set_status(0); }

  std::string_view name() const override { return name_; }
  mac_address address() const override { return mac_; }
  u16 mtu() const override { return mtu_; }
  offloads capabilities() const override { return offloads_; }
  unsigned queue_pairs() const override { return pair_count_; }
  bool transmit(unique<io::packet> packet) override;
  bool transmit_full() override;
  bool transmitted_all() override;
  result<> start() override;

 private:
  friend struct queue_pair;
  result<> add_pair(unsigned index);
  result<> use_pairs(unsigned count);
  void on_interrupt(queue_pair& pair);
  static void wake(queue_pair& pair);
  void receive_loop(queue_pair& pair);
  bool receive_one(queue_pair& pair, const split_ring::completion& first);
  void fill(queue_pair& pair);
  static void repost(queue_pair& pair, memory::frame* page);
  bool reclaim(queue_pair& pair);
  static void reclaim_locked(queue_pair& pair, io::packet_list& sent);
  static void want_interrupt_locked(queue_pair& pair, io::packet_list& sent);
  static bool room_came_locked(const queue_pair& pair);
  static void describe(io::packet& packet, header& h);
  queue_pair& pair_for_this_cpu() const { return *pairs_[arch::cpu_id() % pair_count_]; }

  unique<transport> transport_;
  formatted<12> name_;
  mac_address mac_{};
  u16 mtu_ = 1500;
  offloads offloads_;
  bool merged_ = false;
  u64 features_ = 0;
  u16 pairs_max_ = 1;
  unsigned pair_count_ = 1;
  u16 receive_buffers_ = 0;
  queue_pair* pairs_[arch::cpus_max] = {};
};

result<> network::prepare() {
  transport& t = *transport_;
  const u64 base = feature_checksum | feature_guest_checksum | feature_mtu | feature_mac | feature_host_tso4 | feature_host_tso6 | feature_merged_buffers;
  // Large frames come only where they can be spread over several buffers.
  u64 wanted = base | feature_control | feature_multiqueue;
  if (t.device_features() & feature_merged_buffers) wanted |= feature_guest_tso4 | feature_guest_tso6;
  if (arch::cpu_count == 1) wanted &= ~(feature_control | feature_multiqueue);
  features_ = TRY(negotiate(t, wanted));
  merged_ = features_ & feature_merged_buffers;
  if (features_ & feature_mac)
    t.read_configuration(config_mac, mac_.bytes, 6);
  else
    mac_ = {{0x02, 0x6f, 0x73, 0x76, 0x00, static_cast<u8>(name_.view().back())}};  // locally administered
  if (features_ & feature_mtu) {
    const u16 told = t.configuration<u16>(config_mtu);
    const u16 most = merged_ ? 65535 - ethernet_header_size : page_size - sizeof(header) - ethernet_header_size;
    if (told >= 68) mtu_ = told < most ? told : most;  // 68: the least that IPv4 allows (RFC 791)
  }
  const bool checksum = features_ & feature_checksum;
  offloads_ = {.transmit_checksum = checksum,
               .transmit_segmentation_ipv4 = checksum && features_ & feature_host_tso4,
               .transmit_segmentation_ipv6 = checksum && features_ & feature_host_tso6};
  if (features_ & feature_multiqueue && features_ & feature_control) {
    pairs_max_ = t.configuration<u16>(config_pairs_max);
    if (pairs_max_ == 0 || pairs_max_ > 0x8000 / 2) return fail(errc::invalid);
    pair_count_ = pairs_max_ < arch::cpu_count ? pairs_max_ : arch::cpu_count;
  }
  // A 32nd of the memory, between 64 and 256 pages a pair.
  const u64 pages = memory::statistics().total_bytes / 32 / page_size / pair_count_;
  receive_buffers_ = static_cast<u16>(pages < 64 ? 64 : pages > 256 ? 256 : pages);
  return {};
}

result<> network::add_pair(unsigned index) {
  queue_pair* pair = new (std::nothrow) queue_pair;
  if (!pair) return fail(errc::no_memory);
  pair->device = this;
  pair->index = index;
  pairs_[index] = pair;
  pair->interrupt = TRY(transport_->attach_interrupt(index, [pair] { pair->device->on_interrupt(*pair); }));
  pair->receive = TRY(queue::create(*transport_, static_cast<u16>(2 * index), ring_size_wanted, features_, pair->interrupt));
  pair->transmit = TRY(queue::create(*transport_, static_cast<u16>(2 * index + 1), ring_size_wanted, features_, pair->interrupt, transmit_tables));
  pair->transmit->ring().disable_interrupts();
  pair->receive->ring().disable_interrupts();
  return {};
}

result<> network::start() {
  for (unsigned i = 0; i < pair_count_; ++i) {
    const result<> added = add_pair(i);
    if (added.ok()) continue;
    pair_count_ = i;  // fewer interrupts than pairs: work with what there is
    if (i == 0) {
      abandon();
      return added;
    }
  }
  set_ready(*transport_);
  if (pair_count_ > 1 && !use_pairs(pair_count_).ok()) {
    log::warning("{}: the host gives one queue pair only", name_);
    pair_count_ = 1;
  }
  for (unsigned i = 0; i < pair_count_; ++i) {
    queue_pair* pair = pairs_[i];
    fill(*pair);
    pair->receiver = TRY(sched::spawn(formatted<16>("{}-rx{}", name_, i), [pair] { pair->device->receive_loop(*pair); }));
  }
  log::info("{}: {:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}, MTU {}, {} queue pair{}, {}", name_, mac_.bytes[0], mac_.bytes[1], mac_.bytes[2],
            mac_.bytes[3], mac_.bytes[4], mac_.bytes[5], mtu_, pair_count_, pair_count_ == 1 ? "" : "s", transport_->place());
  return {};
}

// VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET (5.1.6.5.5); the control queue lies behind the last pair that the device could have.
result<> network::use_pairs(unsigned count) {
  struct command {
    u8 group, code;
    u16 pairs;
    u8 answer;
  };
  unique<command> c(new (std::nothrow) command{4, 0, static_cast<u16>(count), 0xff});
  if (!c) return fail(errc::no_memory);
  unique<queue> control = TRY(queue::create(*transport_, static_cast<u16>(2 * pairs_max_), 4, features_, transport::no_interrupt));
  const u64 at = to_u64(memory::to_physical(c.get()));
  const segment readable[] = {{at, 2}, {at + offsetof(command, pairs), 2}};
  const segment writable{at + offsetof(command, answer), 1};
  control->ring().add(readable, {&writable, 1}, c.get());
  control->flush();
  const nanoseconds deadline = sched::now() + 2 * second;
  split_ring::completion done;
  while (!control->ring().take(done)) {
    if (control->ring().broken() || sched::now() > deadline) {
      // The device still knows both: they stay.
      control.release();
      c.release();
      return fail(errc::timed_out);
    }
    sched::yield();
  }
  control.release();
  return c->answer == 0 ? result<>() : result<>(fail(errc::io));
}

void network::on_interrupt(queue_pair& pair) {
  pair.receive->ring().disable_interrupts();
  wake(pair);
}

void network::wake(queue_pair& pair) {
  if (sched::thread* t = pair.thread.load(std::memory_order_acquire)) sched::unpark(*t);
}

// --- receiving ---

void network::repost(queue_pair& pair, memory::frame* page) {
  const segment s{to_u64(page->address()), page_size};
  if (!pair.receive->ring().add({}, {&s, 1}, page)) memory::release(*page);
}

void network::fill(queue_pair& pair) {
  split_ring& ring = pair.receive->ring();
  const u16 wanted = receive_buffers_ < ring.size() ? receive_buffers_ : ring.size();
  while (ring.in_flight() < wanted && !ring.broken()) {
    const result<memory::frame*> page = memory::allocate_frames();
    if (!page.ok()) break;
    repost(pair, page.value());
  }
  pair.receive->flush();
}

void network::receive_loop(queue_pair& pair) {
  split_ring& ring = pair.receive->ring();
  pair.thread.store(&sched::current(), std::memory_order_release);
  while (!ring.broken()) {
    unsigned count = 0;
    split_ring::completion c;
    while (count < receive_budget && ring.take(c)) {
      receive_one(pair, c);
      ++count;
    }
    if (ring.broken()) break;
    fill(pair);
    const bool room = reclaim(pair);
    if (count && batch_done) batch_done();
    if (room && has_room) has_room();
    if (count == receive_budget) continue;
    if (!ring.enable_interrupts()) {
      ring.disable_interrupts();
      continue;
    }
    // Memory was short: look again soon, for a ring without buffers brings no interrupt.
    const bool starved = ring.in_flight() < receive_buffers_ / 4;
    sched::park(starved ? sched::now() + 50 * millisecond : never);
    ring.disable_interrupts();
  }
  give_up(*transport_, ring.why());
}

// Builds a packet from one buffer, or several that the device merged (5.1.6.4). False if the frame was dropped.
bool network::receive_one(queue_pair& pair, const split_ring::completion& first) {
  split_ring& ring = pair.receive->ring();
  memory::frame* page = static_cast<memory::frame*>(first.token);
  header h{};
  memcpy(&h, page->data(), sizeof h);
  const u16 buffers = merged_ ? h.buffers : 1;
  result<unique<io::packet>> made = io::packet::create();
  const bool plausible = first.written >= sizeof h + ethernet_header_size && first.written <= page_size && buffers >= 1 && buffers <= ring.size();
  bool ok = plausible && made.ok();
  unique<io::packet> packet = made.ok() ? made.release() : unique<io::packet>();

  const u32 length = first.written > sizeof h ? first.written - static_cast<u32>(sizeof h) : 0;
  if (ok && buffers == 1 && length <= packet->tailroom()) {
    // The usual case: copied, and the page goes back as it is.
    memcpy(packet->append(length), page->as<u8>() + sizeof h, length);
    repost(pair, page);
  } else if (ok) {
    const u32 head = length < linear_headers ? length : linear_headers;
    memcpy(packet->append(head), page->as<u8>() + sizeof h, head);
    if (length > head) {
      ok = packet->add_fragment(page, static_cast<u32>(sizeof h) + head, length - head);
      if (!ok) repost(pair, page);
    } else {
      repost(pair, page);
    }
  } else {
    repost(pair, page);
  }
  // The rest of a merged frame is taken even when the frame is dropped: the ring must stay in step.
  for (u16 i = 1; plausible && i < buffers; ++i) {
    split_ring::completion c;
    if (!ring.take(c)) {
      ok = false;
      break;
    }
    memory::frame* further = static_cast<memory::frame*>(c.token);
    if (!ok || c.written == 0 || !packet->add_fragment(further, 0, c.written)) {
      ok = false;
      repost(pair, further);
    }
  }
  if (!ok) {
    trace::count(trace::counter::network_dropped_packets);
    return false;
  }
  packet->checksum_valid = h.flags & (header_needs_checksum | header_data_valid);
  const u8 gso = h.gso_type & ~gso_ecn;
  if (gso != gso_none) {
    packet->segment_size = h.gso_size;
    packet->segment_ipv6 = gso == gso_tcp6;
    packet->segment_udp = gso == gso_udp;
  }
  if (received) received(std::move(packet));
  return true;
}

// --- transmitting ---

void network::describe(io::packet& packet, header& h) {
  if (packet.checksum_needed) {
    h.flags = header_needs_checksum;
    h.checksum_start = packet.checksum_start;
    h.checksum_offset = packet.checksum_offset;
  }
  if (packet.segment_size && packet.checksum_needed) {
    h.gso_type = packet.segment_ipv6 ? gso_tcp6 : gso_tcp4;
    h.gso_size = packet.segment_size;
    // Length of all headers: TCP's data offset is the high half of its byte 12 (RFC 9293, 3.1).
    if (packet.checksum_start + 13u <= packet.linear())
      h.header_length = static_cast<u16>(packet.checksum_start + (packet.data()[packet.checksum_start + 12] >> 4) * 4);
  }
}

bool network::transmit(unique<io::packet> packet) {
  if (pair_count_ == 0) return false;  // it did not start
  header h{};
  describe(*packet, h);
  memcpy(packet->push(sizeof h), &h, sizeof h);

  segment segments[transmit_segments_max];
  usize count = 0;
  segments[count++] = {to_u64(memory::to_physical(packet->data())), static_cast<u32>(packet->linear())};
  for (usize i = 0; i < packet->fragment_count(); ++i) {
    const io::packet_fragment& f = packet->fragment(i);
    segments[count++] = {to_u64(f.page->address()) + f.offset, f.length};
  }

  io::packet_list sent;
  bool notify = false, added, room;
  queue_pair* pair;
  {
    arch::interrupt_guard stay;
    pair = &pair_for_this_cpu();
    lock::guard guard(pair->transmit_lock);
    split_ring& ring = pair->transmit->ring();
    reclaim_locked(*pair, sent);
    added = ring.add({segments, count}, {}, packet.get());
    if (added) {
      packet.release();
      notify = pair->transmit->publish();
      if (ring.free_descriptors() < ring.size() / 2) want_interrupt_locked(*pair, sent);
    }
    room = room_came_locked(*pair);
  }
  if (notify) pair->transmit->notify();
  if (room) wake(*pair);
  io::discard(sent);
  return added;
}

bool network::transmit_full() {
  if (pair_count_ == 0) return false;
  arch::interrupt_guard stay;
  queue_pair& pair = pair_for_this_cpu();
  io::packet_list sent;
  bool full, room;
  {
    lock::guard guard(pair.transmit_lock);
    split_ring& ring = pair.transmit->ring();
    full = !ring.has_room(transmit_segments_max);
    if (full) {
      want_interrupt_locked(pair, sent);
      full = !ring.has_room(transmit_segments_max) && !ring.broken();
      if (full) pair.room_wanted = true;
    }
    room = room_came_locked(pair);
  }
  if (room) wake(pair);
  io::discard(sent);
  return full;
}

bool network::transmitted_all() {
  for (unsigned i = 0; i < pair_count_; ++i) {
    queue_pair& pair = *pairs_[i];
    (void)reclaim(pair);
    lock::guard guard(pair.transmit_lock);
    if (pair.transmit->ring().in_flight() && !pair.transmit->ring().broken()) return false;
  }
  return true;
}

// A ring that fills up asks to hear when half of it is sent; the interrupt's thread calls has_room().
void network::want_interrupt_locked(queue_pair& pair, io::packet_list& sent) {
  split_ring& ring = pair.transmit->ring();
  do reclaim_locked(pair, sent);
  while (ring.in_flight() && !ring.enable_interrupts(static_cast<u16>(ring.in_flight() / 2)));
}

// Who reclaims instead of the pair's thread may have moved the interrupt that it waits for.
bool network::room_came_locked(const queue_pair& pair) { return pair.room_wanted && pair.transmit->ring().has_room(transmit_segments_max); }

void network::reclaim_locked(queue_pair& pair, io::packet_list& sent) {
  split_ring& ring = pair.transmit->ring();
  split_ring::completion c;
  while (ring.take(c)) sent.push_back(*static_cast<io::packet*>(c.token));
  if (ring.broken() && !pair.transmit_failed) {
    pair.transmit_failed = true;
    give_up(*pair.device->transport_, ring.why());
  }
}

// True if room was wanted, and there is some.
bool network::reclaim(queue_pair& pair) {
  io::packet_list sent;
  bool room = false;
  {
    lock::guard guard(pair.transmit_lock);
    split_ring& ring = pair.transmit->ring();
    reclaim_locked(pair, sent);
    if (pair.room_wanted) {
      if (!ring.has_room(transmit_segments_max)) want_interrupt_locked(pair, sent);
      room = ring.has_room(transmit_segments_max);
      pair.room_wanted = !room;
    }
    if (ring.free_descriptors() >= ring.size() / 2) ring.disable_interrupts();
  }
  io::discard(sent);
  return room;
}

}  // namespace

result<> start_network_device(unique<transport> t) {
  static unsigned next_index = 0;
  network* device = new (std::nothrow) network(std::move(t), next_index);
  if (!device) return fail(errc::no_memory);
  const result<> prepared = device->prepare();
  if (!prepared.ok()) {
    device->abandon();
    return prepared;
  }
  ++next_index;
  register_network_device(*device);
  return {};
}

}  // namespace osv::devices::virtio
