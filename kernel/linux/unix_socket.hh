// unix(7) sockets: stream, datagram, sequenced packet.
#pragma once

#include "linux/unix_endpoint.hh"

namespace osv::linux_abi {

/// Registers AF_UNIX with io::register_socket_family.
void initialize_unix_sockets();

struct unix_socket_pair {
  ref<io::file> first, second;
};
/// socketpair(2). ESOCKTNOSUPPORT, EPROTONOSUPPORT.
result<unix_socket_pair> create_unix_pair(int type, int protocol, u32 file_flags);

class unix_socket final : public io::socket_file {
 public:
  static constexpr char file_kind = 0;

  unix_socket(ref<unix_endpoint> endpoint, u32 flags);
  ~unix_socket() override;

  result<> bind(const io::socket_address& address) override;
  result<> connect(const io::socket_address& address) override;
  result<> listen(int backlog) override;
  result<ref<io::file>> accept(io::socket_address* from, u32 flags) override;
  result<> local_name(io::socket_address& into) override;
  result<> peer_name(io::socket_address& into) override;
  result<> shutdown(int how) override;
  result<usize> send(io::message& m, u32 flags) override;
  result<usize> receive(io::message& m, u32 flags) override;
  result<> set_option(int level, int name, const void* value, usize size) override;
  result<usize> get_option(int level, int name, void* value, usize size) override;
  result<i64> control(u32 request, u64 argument) override;
  result<> stat(io::file_status& status) override;
  u32 poll() override { return endpoint_->poll(); }
  sync::wait_queue* poll_queue() override { return &endpoint_->queue; }
  void closed() override;
  std::string_view name() const override { return {name_, name_size_}; }
  const void* kind() const override { return &file_kind; }

 private:
  result<> connect_stream(const ref<unix_endpoint>& listener);
  result<usize> send_stream(io::message& m, u32 flags, unix_rights& rights);
  result<usize> send_packet(io::message& m, u32 flags, unix_rights& rights);
  result<usize> receive_stream(io::message& m, u32 flags);
  result<usize> receive_packet(io::message& m, u32 flags);
  result<> wait_for_packet(bool wait, nanoseconds deadline);
  result<> wait_for_room(unix_endpoint& at, bool wait, nanoseconds deadline);
  bool may_wait(u32 flags) const { return !non_blocking() && !(flags & io::message_flag::dont_wait); }

  ref<unix_endpoint> endpoint_;
  nanoseconds receive_timeout_ = never;
  nanoseconds send_timeout_ = never;
  u64 inode_;
  char name_[24];
  u8 name_size_;
};

}  // namespace osv::linux_abi
