// One whole network stack: interfaces, routes, sockets. The kernel has one; tests wire several together.
#pragma once

#include "net/configuration.hh"
#include "net/flow_table.hh"
#include "net/interface.hh"
#include "net/ipv4_reassembly.hh"
#include "net/ports.hh"
#include "net/routes.hh"
#include "net/siphash.hh"
#include "net/timer_service.hh"

namespace osv::net {

/// contracts/metrics.json, network_drop.
enum class drop_reason : u8 { no_buffer, bad_checksum, malformed, no_listener, queue_full, not_for_us, device_full, count };

/// Limits that depend on the machine's memory.
struct limits {
  u64 packet_bytes_max = 64 << 20;
  u64 tcp_bytes_max = 64 << 20;        // data in all send and receive queues
  u32 connection_buckets = 1024;       // a power of two
  u32 time_wait_max = 16384;
  u32 reassembly_bytes_max = 1 << 20;
};

class stack : pinned {
 public:
  static constexpr unsigned interfaces_max = 16;

  stack() = default;
  ~stack();

  /// Makes the tables, the loopback (127.0.0.1/8, ::1) and the timer thread.
  result<> initialize(const limits& l = {});
  /// Attaches a device as the next interface ("eth0", …). The device is started by interface::start().
  result<interface*> attach(devices::network_device& device);
  /// Ends the timer thread. Tests only; devices must be silent.
  void stop();

  unsigned interface_count() const { return interface_count_.load(std::memory_order_acquire); }
  interface& interface_at(unsigned i) { return *interfaces_[i]; }
  interface& loopback() { return *interfaces_[0]; }
  /// By name; nullptr if none.
  interface* interface_named(std::string_view name);
  interface* interface_by_index(u32 index);

  void address_added(interface& i, const interface_address& a);
  void address_removed(interface& i, const interface_address& a);
  /// True for an address that packets to us may carry: our own, 127.0.0.0/8, ::1.
  bool is_local(const address& a);
  /// True for addresses that bind(2) takes.
  bool can_bind(const address& a) { return a.is_unspecified() || is_local(a) || a.is_multicast() || (a.is_ipv4() && a.ipv4() == ipv4_broadcast); }

  /// The way to `destination`. ENETUNREACH. `source` is the wanted source address or unspecified.
  result<route> find_route(const address& destination, const address& source, interface* out = nullptr);

  // --- IPv4 (ipv4.cc) ---
  void ipv4_received(unique<io::packet> packet, interface& in, bool link_multicast);
  struct send_options {
    u8 protocol = 0;
    u8 type_of_service = 0;
    u8 time_to_live = 64;
    bool dont_fragment = true;
  };
  /// Sends a transport packet (data() at the transport header, checksum done by finish_checksum). Loopback packets skip IP and
  /// go to deliver() at once. EMSGSIZE if too long for the path and dont_fragment.
  result<> send(unique<io::packet> packet, const route& r, const address& source, const address& destination, const send_options& o,
                neighbour* cached = nullptr);
  /// Completes the transport checksum, or leaves it to the device, or to nobody on the loopback.
  static void finish_checksum(io::packet& packet, const route& r, const address& source, const address& destination, u8 protocol,
                              usize checksum_offset);
  /// A packet for us, data() at the transport header; network_offset is the length of the IP header before it (0: loopback).
  void deliver(unique<io::packet> packet, interface& in, const address& source, const address& destination, u8 protocol);
  /// A packet of ours, from its IP header on, that the link could not deliver: its socket hears EHOSTUNREACH.
  void unreachable(unique<io::packet> packet);

  // --- ICMP (icmp.cc) ---
  void icmp_received(unique<io::packet> packet, interface& in, const address& source, const address& destination);
  /// Answers a received packet (data() at the transport header) with an ICMP error, rate-limited.
  void send_icmp_error(const io::packet& original, interface& in, const address& source, const address& destination, u8 type, u8 code,
                       u32 rest = 0);
  /// An error about a packet that we sent: goes to the socket. `transport` points to its first 8 bytes at least.
  void report_error(const flow& f, u8 protocol, const u8* transport, errc error, bool hard, u16 path_mtu);

  void drop(drop_reason why);
  u64 drops(drop_reason why) const { return drops_[static_cast<usize>(why)].load(std::memory_order_relaxed); }

  route_table routes;
  timer_service timers;
  flow_table connections;
  port_table tcp_ports{true};
  port_table udp_ports{false};
  reassembler fragments;
  limits bounds;
  siphash_key secret;                       // initial sequence numbers, ports, cookies
  std::atomic<u64> tcp_bytes{0};            // in send and receive queues
  std::atomic<u32> time_wait_count{0};
  std::atomic<u32> connections_by_state[12] = {};

 private:
  result<> fragment_and_send(unique<io::packet> packet, const route& r, const ipv4_header& pattern, neighbour* cached);
  void transmit_ipv4(unique<io::packet> packet, const route& r, u32 destination, neighbour* cached);
  bool icmp_allowed();

  interface* interfaces_[interfaces_max] = {};
  std::atomic<unsigned> interface_count_{0};
  std::atomic<u64> drops_[static_cast<usize>(drop_reason::count)] = {};
  std::atomic<u32> identification_{0};
  lock::spin_lock icmp_lock_{lock::rank::leaf};
  nanoseconds icmp_window_ = 0;
  u32 icmp_sent_ = 0;
};

/// The kernel's stack, made by net::initialize (net/initialize.hh).
stack& the_stack();

}  // namespace osv::net
