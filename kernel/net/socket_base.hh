// What stream and datagram sockets have in common: SOL_SOCKET options, time-outs, interface ioctls.
#pragma once

#include "io/socket_file.hh"
#include "net/poll_bits.hh"
#include "net/stack.hh"

namespace osv::net {

/// socket(7), ip(7), ipv6(7), tcp(7): levels and names that this stack knows.
namespace option {
constexpr int level_socket = 1, level_ip = 0, level_ipv6 = 41, level_tcp = 6, level_udp = 17;
constexpr int debug = 1, reuse_address = 2, type = 3, error = 4, dont_route = 5, broadcast = 6, send_buffer = 7, receive_buffer = 8,
              keep_alive = 9, out_of_band_inline = 10, priority = 12, linger = 13, reuse_port = 15, receive_low_water = 18,
              send_low_water = 19, receive_timeout = 20, send_timeout = 21, bind_to_device = 25, timestamp = 29, accepting = 30,
              send_buffer_force = 32, receive_buffer_force = 33, timestamp_ns = 35, mark = 36, protocol = 38, domain = 39, busy_poll = 46,
              incoming_cpu = 49, zero_copy = 60, timestamp_new = 63, timestamp_ns_new = 64;
constexpr int ip_tos = 1, ip_ttl = 2, ip_options = 4, ip_pktinfo = 8, ip_mtu_discover = 10, ip_recverr = 11, ip_recvttl = 12, ip_recvtos = 13, ip_mtu = 14,
              ip_freebind = 15, ip_transparent = 19, ip_bind_address_no_port = 24, ip_multicast_if = 32, ip_multicast_ttl = 33,
              ip_multicast_loop = 34, ip_add_membership = 35, ip_drop_membership = 36, ip_local_port_range = 51;
constexpr int ipv6_unicast_hops = 16, ipv6_multicast_if = 17, ipv6_multicast_hops = 18, ipv6_multicast_loop = 19, ipv6_add_membership = 20,
              ipv6_drop_membership = 21, ipv6_mtu_discover = 23, ipv6_mtu = 24, ipv6_recverr = 25, ipv6_only = 26, ipv6_recvpktinfo = 49,
              ipv6_pktinfo = 50, ipv6_recvhoplimit = 51, ipv6_recvtclass = 66, ipv6_tclass = 67;
}  // namespace option

class socket_base : public io::socket_file {
 public:
  socket_base(stack& s, int family, int type, int protocol, u32 file_flags);

  result<> set_option(int level, int name, const void* value, usize size) override;
  result<usize> get_option(int level, int name, void* into, usize size) override;
  result<i64> control(u32 request, u64 argument) override;
  result<> stat(io::file_status& into) override;
  std::string_view name() const override { return name_; }
  int family() const { return family_; }

 protected:
  /// What a protocol does with an option of its own. ENOPROTOOPT if it is not one.
  virtual result<> set_own_option(int level, int name, const void* value, usize size) = 0;
  virtual result<usize> get_own_option(int level, int name, void* into, usize size) = 0;
  virtual port_holder& holder() = 0;
  virtual u32 pending_error() = 0;  // SO_ERROR: an errno value, cleared by reading
  virtual u32 readable_bytes() = 0; // FIONREAD
  virtual u32 queued_bytes() = 0;   // SIOCOUTQ

  /// When a call that starts now gives up. 0 from dont_wait callers is handled before.
  static nanoseconds deadline_after(nanoseconds timeout) { return timeout ? now() + timeout : never; }
  /// EINTR's form: restartable unless the socket has a time-out (signal(7)).
  static errc interruption(nanoseconds timeout) { return timeout ? errc::interrupted : errc::restart; }
  static result<i32> integer(const void* value, usize size);
  static usize give_integer(i32 value, void* into, usize size);

  stack& stack_;
  const int family_, type_, protocol_;
  nanoseconds receive_timeout_ = 0, send_timeout_ = 0;
  bool broadcast_ = false;
  std::atomic<u8> timestamp_form_{0};  // the option that asks for times of arrival (SO_TIMESTAMP and its kin), 0 for none
  u64 inode_;

 private:
  formatted<32> name_;
  u32 priority_ = 0;
  u32 kept_[64] = {};  // options without effect here, kept so that they read back
};

/// ioctl(2) requests about interfaces: netdevice(7).
result<i64> interface_control(stack& s, u32 request, u64 argument);

}  // namespace osv::net
