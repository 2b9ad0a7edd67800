// The neighbour cache of one interface: IPv4 next hop to Ethernet address (RFC 826, states after RFC 4861 §7.3).
#pragma once

#include <atomic>

#include "base/memory.hh"
#include "devices/network_device.hh"
#include "lock/spin_lock.hh"
#include "net/address.hh"
#include "net/timer_service.hh"
#include "sync/wait_queue.hh"

namespace osv::net {

class interface;

class neighbour : public ref_counted<neighbour> {
 public:
  enum class state : u8 {
    incomplete,  // asked, no answer yet: packets wait
    reachable,
    stale,       // old: used, and asked again
    failed
  };
  u32 ip = 0;  // host order
  std::atomic<state> current{state::incomplete};
  /// The address in two words, so that it is read without a lock while current is reachable or stale.
  std::atomic<u64> mac{0};

  devices::mac_address mac_bytes() const {
    devices::mac_address a;
    const u64 value = mac.load(std::memory_order_relaxed);
    __builtin_memcpy(a.bytes, &value, 6);
    return a;
  }

 private:
  friend class neighbour_table;
  neighbour* next = nullptr;
  nanoseconds deadline = never;    // next probe, or end of reachability
  nanoseconds used_at = 0;
  u8 probes = 0;
  u8 unanswered = 0;  // requests whose answers may still come
  bool confirming = false;
  u8 waiting_count = 0;  // until they were sent
  io::packet_list waiting;
};

/// Lock order: leaf; the timer and packet transmission happen outside.
class neighbour_table final : public timer_entry {
 public:
  explicit neighbour_table(interface& i) : interface_(i) {}
  ~neighbour_table();

  /// The entry of an on-link address, made (and asked for) if there is none. ENOMEM.
  result<ref<neighbour>> find(u32 ip);
  /// Sends an IPv4 packet to the neighbour: at once if known, else when it answers. Packets beyond a bound push out old ones.
  void send(neighbour& n, unique<io::packet> packet);
  /// Takes in an ARP packet, headers checked by the caller.
  void arp_received(const u8* arp, bool for_us);
  /// Tells the network that we have `ip` (RFC 5227 section 2.3): switches and forwarders such as passt learn our Ethernet
  /// address from the first frame, and with a static address nothing else may make us send one.
  void announce(u32 ip);
  void clear();
  /// Waits until the neighbours have what was sent to them: until no packet waits for a neighbour's first answer, and then
  /// until all that are in use have answered a request. Frames keep their order, so it shows that those before it arrived.
  /// Called at the end, once. False at the deadline.
  bool settle(nanoseconds deadline);

  /// `ip`, Ethernet address, state; for /proc/net/arp.
  void for_each(function_ref<void(const neighbour&)> f);

 private:
  static constexpr unsigned buckets = 64;
  static constexpr unsigned entries_max = 512;
  static constexpr unsigned waiting_max = 64;  // packets that wait for one neighbour
  static constexpr u8 probes_max = 3;
  static constexpr nanoseconds probe_interval = second;
  static constexpr nanoseconds reachable_time = 30 * second;

  void timer_fired() override;
  void timer_retain() override {}
  void timer_release() override {}
  neighbour** slot(u32 ip) { return &table_[(ip ^ ip >> 8 ^ ip >> 16) % buckets]; }
  void evict_locked();
  void schedule_locked(nanoseconds deadline);
  void confirm();
  bool wait_for_all(function_ref<bool(const neighbour&)> holds, nanoseconds deadline);

  interface& interface_;
  lock::spin_lock lock_{lock::rank::network_table};
  neighbour* table_[buckets] = {};
  unsigned count_ = 0;
  nanoseconds next_ = never;
  sync::wait_queue answered_;
};

}  // namespace osv::net
