// The stream socket that a program holds: tcp(7) over one connection.
#pragma once

#include "net/socket_base.hh"
#include "net/tcp/connection.hh"

namespace osv::net::tcp {

class socket final : public socket_base {
 public:
  socket(stack& s, int family, u32 file_flags, ref<connection> c);
  ~socket() override;

  result<> bind(const io::socket_address& to) override;
  result<> connect(const io::socket_address& to) override;
  result<> listen(int backlog) override;
  result<ref<io::file>> accept(io::socket_address* peer, u32 file_flags) override;
  result<> local_name(io::socket_address& into) override;
  result<> peer_name(io::socket_address& into) override;
  result<> shutdown(int how) override;
  result<usize> send(io::message& m, u32 flags) override;
  result<usize> receive(io::message& m, u32 flags) override;
  u32 poll() override { return connection_->readiness(); }
  sync::wait_queue* poll_queue() override { return &connection_->waiters; }
  void closed() override;

 protected:
  result<> set_own_option(int level, int name, const void* value, usize size) override;
  result<usize> get_own_option(int level, int name, void* into, usize size) override;
  port_holder& holder() override { return *connection_; }
  u32 pending_error() override;
  u32 readable_bytes() override;
  u32 queued_bytes() override;

 private:
  result<> set_tcp_option(int name, const void* value, usize size);
  result<> wait_connected();
  /// Waits for one of the poll bits. EAGAIN after the time-out, EINTR or a restart after a signal.
  result<> wait_for(u32 bits, nanoseconds deadline, nanoseconds timeout, bool exclusive = false);

  ref<connection> connection_;
  bool connecting_ = false;
  bool connected_once_ = false;
  bool closed_ = false;
};

}  // namespace osv::net::tcp
