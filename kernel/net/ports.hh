// Who holds which local port: bind conflicts, ephemeral ports (RFC 6056), and the look-up of listeners and UDP sockets.
#pragma once

#include "base/list.hh"
#include "lock/spin_lock.hh"
#include "net/address.hh"

namespace osv::net {

/// A socket with a local port. The fields change only under the bucket's lock (through port_table).
class port_holder : pinned {
 public:
  bool is_bound() const { return port_hook_.is_linked(); }

  list_hook port_hook_;
  endpoint local_endpoint;
  endpoint remote_endpoint;    // connected UDP: only datagrams from there match; port 0: any
  int socket_family = family_ipv4;
  bool ipv6_only = false;
  bool reuse_address = false;
  bool reuse_port = false;
  bool listening = false;      // TCP
  u32 bound_interface = 0;     // SO_BINDTODEVICE: an index, or 0

  /// Takes a reference to the object that this is part of, unless it is about to end.
  virtual bool try_retain_holder() = 0;

  /// True if a packet to `ip` may be meant for this socket, addresses considered.
  bool accepts(const address& ip) const {
    if (!local_endpoint.ip.is_unspecified()) return local_endpoint.ip == ip;
    if (socket_family == family_ipv4) return ip.is_ipv4();
    return !ipv6_only || !ip.is_ipv4();
  }

 protected:
  ~port_holder() = default;
};

class port_table : pinned {
 public:
  static constexpr u16 ephemeral_first = 32768, ephemeral_last = 60999;

  /// `exclusive_listeners`: TCP's rule, where SO_REUSEADDR does not let two sockets share a port that one listens on.
  explicit port_table(bool exclusive_listeners) : exclusive_listeners_(exclusive_listeners) {}

  /// Registers the holder at `local`; port 0 chooses a free ephemeral one. EADDRINUSE.
  result<> bind(port_holder& holder, const endpoint& local);
  void release(port_holder& holder);
  /// Marks as listening; EADDRINUSE if another listener holds the port and the two do not share it.
  result<> listen(port_holder& holder);
  void stop_listening(port_holder& holder);
  /// UDP's connect and disconnect; changes the addresses without changing the port.
  void connect(port_holder& holder, const endpoint& local, const endpoint& remote);
  /// True if a bound socket (not a mere connection) overlaps with `local`: an outgoing connection then picks another port.
  bool occupied(const endpoint& local);

  /// The best match for a packet, with a reference: connected over bound to an address over bound to any; within an
  /// SO_REUSEPORT group the one that `hash` selects. nullptr if none.
  port_holder* find(const address& local, u16 local_port, const address& remote, u16 remote_port, bool listeners_only, u32 hash,
                    u32 interface = 0);
  /// Each holder that accepts a multicast or broadcast datagram, under the bucket's lock.
  void for_each_match(const address& local, u16 local_port, const address& remote, u16 remote_port, u32 interface,
                      function_ref<void(port_holder&)> f);
  void for_each(function_ref<void(port_holder&)> f);

 private:
  static constexpr unsigned bucket_count = 256;
  struct bucket {
    lock::spin_lock lock{lock::rank::network_table};
    list<port_holder, &port_holder::port_hook_> holders;
  };
  bucket& bucket_of(u16 port) { return buckets_[port % bucket_count]; }
  static bool addresses_overlap(const port_holder& a, const endpoint& b, int family, bool ipv6_only);
  bool conflicts_locked(bucket& b, const port_holder& holder, const endpoint& local);
  static unsigned score(const port_holder& h, const address& local, u16 local_port, const address& remote, u16 remote_port, u32 interface);

  const bool exclusive_listeners_;
  bucket buckets_[bucket_count];
};

}  // namespace osv::net
