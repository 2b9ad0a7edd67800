// The routing table: longest prefix, then lowest metric. IPv4.
#pragma once

#include "base/vector.hh"
#include "lock/spin_lock.hh"
#include "net/address.hh"

namespace osv::net {

class interface;

struct route_entry {
  u32 destination = 0;  // host order
  u8 prefix = 0;
  u32 gateway = 0;      // 0: on link
  u32 source = 0;       // preferred source, or 0
  u32 metric = 0;
  interface* out = nullptr;
};

/// Where a packet goes.
struct route {
  interface* out = nullptr;
  address next_hop;
  address source;
  u16 mtu = 0;
  bool local = false;      // to one of our own addresses
  bool broadcast = false;
  bool multicast = false;
};

class route_table : pinned {
 public:
  result<> add(const route_entry& e);
  void remove_all(interface& of);
  /// False if no route matches. `out` restricts to one interface (SO_BINDTODEVICE, link-local destinations).
  bool find(u32 destination, route_entry& into, const interface* out = nullptr);
  void for_each(function_ref<void(const route_entry&)> f);
  /// Changes with every change: cached routes compare it.
  u32 generation() const { return generation_.load(std::memory_order_acquire); }
  void changed() { generation_.fetch_add(1, std::memory_order_release); }

 private:
  static constexpr usize entries_max = 256;
  lock::spin_lock lock_{lock::rank::network_table};
  vector<route_entry> entries_;  // longest prefix first, then lowest metric
  std::atomic<u32> generation_{1};
};

}  // namespace osv::net
