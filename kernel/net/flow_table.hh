// Connections by their four-tuple: a hash table with a lock per bucket, keyed so that a peer cannot aim at one bucket.
#pragma once

#include "base/memory.hh"
#include "lock/spin_lock.hh"
#include "net/address.hh"

namespace osv::net {

namespace tcp {
class connection;
}

class flow_table : pinned {
 public:
  ~flow_table();
  /// `buckets` is a power of two.
  result<> initialize(u32 buckets, u64 key0, u64 key1);

  u32 hash(const flow& f) const {
    const auto mix = [](u64 a, u64 b) {
      const auto product = static_cast<unsigned __int128>(a) * b;
      return static_cast<u64>(product) ^ static_cast<u64>(product >> 64);
    };
    const u64 ports = static_cast<u64>(f.local_port) << 16 | f.remote_port;
    u64 h = mix(f.remote.low ^ key0_, (f.local.low ^ ports << 16) ^ key1_);
    if (f.remote.high | f.local.high) h ^= mix(f.remote.high ^ key1_, f.local.high ^ key0_);
    return static_cast<u32>(mix(h ^ ports, key0_ | 1));
  }
  ref<tcp::connection> find(const flow& f);
  /// Inserts with a reference of the table's own. EADDRNOTAVAIL if the four-tuple is taken.
  result<> insert(tcp::connection& c);
  /// Takes out and drops the table's reference.
  void erase(tcp::connection& c);
  /// Takes every connection out. At the end only.
  void clear();
  /// The first connection, from this bucket on, for which `holds`; it is called under the bucket's lock. nullptr if none, and
  /// else `bucket` is where it was.
  ref<tcp::connection> find_from(u32& bucket, function_ref<bool(const tcp::connection&)> holds);
  /// Calls f with each connection, under its bucket's lock.
  void for_each(function_ref<void(tcp::connection&)> f);

 private:
  struct bucket {
    lock::spin_lock lock{lock::rank::network_table};
    tcp::connection* first = nullptr;
  };
  bucket& bucket_of(const flow& f) { return buckets_[hash(f) & mask_]; }

  bucket* buckets_ = nullptr;
  u32 mask_ = 0;
  u64 key0_ = 0, key1_ = 0;
};

}  // namespace osv::net
