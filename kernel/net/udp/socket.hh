// The datagram socket: udp(7). Received packets wait in a bounded queue until they are read.
#pragma once

#include "net/socket_base.hh"
#include "net/udp/udp.hh"
#include "sync/mutex.hh"

namespace osv::net::udp {

class socket final : public socket_base, public port_holder {
 public:
  socket(stack& s, int family, u32 file_flags);
  ~socket() override;

  result<> bind(const io::socket_address& to) override;
  result<> connect(const io::socket_address& to) override;
  result<> local_name(io::socket_address& into) override;
  result<> peer_name(io::socket_address& into) override;
  result<> shutdown(int how) override;
  result<usize> send(io::message& m, u32 flags) override;
  result<usize> receive(io::message& m, u32 flags) override;
  u32 poll() override { return ready_.load(std::memory_order_acquire); }
  sync::wait_queue* poll_queue() override { return &waiters_; }
  void closed() override;

  bool try_retain_holder() override { return try_retain(); }
  /// From the stack: queues the datagram, data() at its payload. Drops it when the queue is full.
  void deliver(unique<io::packet> packet, interface& in, const endpoint& from, const address& to);
  void note_error(errc error);

  u64 inode() const { return inode_; }
  u32 queue_bytes() { return received_memory_; }

 protected:
  result<> set_own_option(int level, int name, const void* value, usize size) override;
  result<usize> get_own_option(int level, int name, void* into, usize size) override;
  port_holder& holder() override { return *this; }
  u32 pending_error() override;
  u32 readable_bytes() override;
  u32 queued_bytes() override { return 0; }

 private:
  static constexpr u32 buffer_default = 1 << 20;  // bytes of memory, packet slots included
  static constexpr usize payload_max = 65507;
  static constexpr unsigned memberships_max = 20;

  result<> ensure_bound();
  result<> find_target(const endpoint& to, const address& source, endpoint& target, route& r);
  result<unique<io::packet>> make_datagram(io::cursor& data, usize size);
  /// What a program's control messages ask for one datagram.
  struct send_control {
    address source;             // unspecified: not said
    int type_of_service = -1;   // -1: the socket's own
    int time_to_live = -1;
  };
  result<send_control> read_control(const io::message& m) const;
  void put_control(io::message& m, const io::packet& p) const;
  /// Control messages that recvmsg(2) is to give, as bits of wanted_.
  enum class wanted : u8 { packet_info_ipv4, time_to_live, type_of_service, packet_info_ipv6, hop_limit, traffic_class };
  bool wants(wanted w) const { return wanted_ >> static_cast<u8>(w) & 1; }
  void want(wanted w, bool on) {
    const u8 bit = static_cast<u8>(1 << static_cast<u8>(w));
    if (on)
      wanted_.fetch_or(bit, std::memory_order_relaxed);
    else
      wanted_.fetch_and(static_cast<u8>(~bit), std::memory_order_relaxed);
  }
  result<> change_membership(const void* value, usize size, bool join);
  errc take_error();
  void publish_locked();

  lock::spin_lock lock_{lock::rank::socket};
  /// control: [0], [1] source address; [2] port | interface << 32; [3], [4] destination address; [5] type of service | time to live << 8
  io::packet_list received_;
  u32 received_memory_ = 0;
  u32 received_count_ = 0;
  errc error_ = errc::ok;
  std::atomic<u32> ready_{poll_out};
  sync::wait_queue waiters_;
  bool receive_shutdown_ = false, send_shutdown_ = false;
  bool closed_ = false;
  sync::mutex name_lock_;     // bind and connect

  u32 receive_buffer_ = buffer_default, send_buffer_ = buffer_default;
  u8 type_of_service_ = 0, time_to_live_ = 64, multicast_time_to_live_ = 1;
  bool multicast_loop_ = true;
  std::atomic<u8> wanted_{0};
  bool error_queue_ = false;
  u8 path_mtu_discovery_ = 1;
  u32 multicast_interface_ = 0;
  struct membership {
    u32 group = 0;
    u32 interface = 0;
  } memberships_[memberships_max];
};

}  // namespace osv::net::udp
