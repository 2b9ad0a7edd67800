// A network interface: the loopback or an Ethernet device, its addresses, its neighbours, its counters.
#pragma once

#include <atomic>

#include "base/format.hh"
#include "devices/network_device.hh"
#include "net/neighbour.hh"
#include "net/tcp/work_list.hh"

namespace osv::net {

class stack;

/// net/if.h and linux/if.h
namespace interface_flag {
constexpr u32 up = 1, broadcast = 2, loopback = 8, running = 0x40, multicast = 0x1000, lower_up = 0x10000;
}

struct interface_address {
  address ip;
  u8 prefix = 0;
  u32 broadcast = 0;  // host order; IPv4 only
};

class interface : pinned {
 public:
  static constexpr unsigned addresses_max = 16;
  static constexpr u16 loopback_mtu = 65535;

  /// `device` is nullptr for the loopback.
  interface(stack& s, u32 index, std::string_view name, devices::network_device* device);

  stack& owner() { return stack_; }
  u32 index() const { return index_; }
  std::string_view name() const { return name_; }
  bool is_loopback() const { return device_ == nullptr; }
  devices::network_device* device() { return device_; }
  devices::mac_address mac() const { return mac_; }
  u32 flags() const;
  u16 mtu() const { return mtu_.load(std::memory_order_relaxed); }
  void set_mtu(u16 mtu) { mtu_.store(mtu, std::memory_order_relaxed); }
  const devices::network_device::offloads& offloads() const { return offloads_; }
  neighbour_table& neighbours() { return neighbours_; }

  /// Copies the addresses out; returns how many.
  unsigned addresses(interface_address (&into)[addresses_max]);
  result<> add_address(const interface_address& a);
  void remove_addresses();
  bool has_address(const address& a);
  /// The first IPv4 address that shares `peer`'s network, else the first one; 0 if none. Host order.
  u32 source_for(u32 peer);
  /// True for 255.255.255.255 and the broadcast addresses of this interface's networks.
  bool is_broadcast(u32 ip);
  bool joined(u32 group);
  result<> join(u32 group);
  void leave(u32 group);

  /// While DHCP asks for an address, its answers may come to that address already (passt and some relays ignore the broadcast flag).
  void set_configuring(bool on) { configuring_.store(on, std::memory_order_relaxed); }
  bool is_configuring() const { return configuring_.load(std::memory_order_relaxed); }

  /// Puts an Ethernet header in front and hands the packet to the device.
  void transmit(unique<io::packet> packet, const devices::mac_address& to, u16 type);
  /// Hooks the device's slots and starts it.
  result<> start();

  /// A connection got packets: it is processed when the batch ends.
  void schedule(tcp::connection& c) { received_.add(c); }
  /// True if the device takes nothing now. The connection then hears when it has room.
  bool full(tcp::connection& c);

  struct statistics {
    std::atomic<u64> received_packets{0}, received_bytes{0}, received_dropped{0};
    std::atomic<u64> transmitted_packets{0}, transmitted_bytes{0}, transmitted_dropped{0};
  } counters;
  void count_received(usize bytes) {
    counters.received_packets.fetch_add(1, std::memory_order_relaxed);
    counters.received_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  void count_transmitted(usize bytes) {
    counters.transmitted_packets.fetch_add(1, std::memory_order_relaxed);
    counters.transmitted_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }

 private:
  void frame_received(unique<io::packet> packet);
  void arp_received(io::packet& packet);

  stack& stack_;
  const u32 index_;
  const formatted<16> name_;
  devices::network_device* const device_;
  devices::mac_address mac_{};
  devices::network_device::offloads offloads_{};
  std::atomic<u16> mtu_;
  std::atomic<bool> configuring_{false};
  neighbour_table neighbours_;

  lock::spin_lock lock_{lock::rank::network_table};
  interface_address addresses_[addresses_max];
  unsigned address_count_ = 0;
  static constexpr unsigned groups_max = 64;
  struct {
    u32 group;
    u32 members;
  } groups_[groups_max] = {};

  tcp::work_list received_;  // got packets
  tcp::work_list waiting_;   // for room in the device
};

}  // namespace osv::net
