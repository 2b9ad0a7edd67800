// Sockets as the system-call layer sees them; families (net/, local/) implement it and register a creator.
#pragma once

#include "io/file.hh"

namespace osv::io {

/// struct sockaddr_storage with its length.
struct socket_address {
  alignas(8) u8 bytes[128] = {};
  u32 length = 0;
  u16 family() const { return length >= 2 ? static_cast<u16>(bytes[0] | bytes[1] << 8) : 0; }
};

/// One sendmsg(2)/recvmsg(2) call.
struct message {
  cursor* data = nullptr;
  socket_address* address = nullptr;     // send: destination or nullptr; receive: filled in when not nullptr
  u8* control = nullptr;                 // kernel copy of msg_control
  usize control_capacity = 0;            // send: its length; receive: room
  usize control_length = 0;              // receive: filled in
  u32 flags = 0;                         // receive: msg_flags out (MSG_TRUNC, MSG_CTRUNC)
};

/// MSG_* of send(2) and recv(2).
namespace message_flag {
constexpr u32 out_of_band = 1, peek = 2, dont_route = 4, control_truncated = 8, truncated = 0x20, dont_wait = 0x40;
constexpr u32 end_of_record = 0x80, wait_all = 0x100, no_signal = 0x4000, more = 0x8000, wait_for_one = 0x10000;
constexpr u32 close_on_exec = 0x40000000;
}  // namespace message_flag

class socket_file : public file {
 public:
  using file::file;
  socket_file* as_socket() override { return this; }

  virtual result<> bind(const socket_address&) { return fail(errc::not_supported); }
  virtual result<> connect(const socket_address&) { return fail(errc::not_supported); }
  virtual result<> listen(int) { return fail(errc::not_supported); }
  /// `flags`: O_NONBLOCK for the new socket.
  virtual result<ref<file>> accept(socket_address*, u32) { return fail(errc::not_supported); }
  virtual result<> local_name(socket_address&) { return fail(errc::not_supported); }
  virtual result<> peer_name(socket_address&) { return fail(errc::not_supported); }
  /// SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2.
  virtual result<> shutdown(int) { return fail(errc::not_supported); }
  virtual result<usize> send(message&, u32) { return fail(errc::not_supported); }
  virtual result<usize> receive(message&, u32) { return fail(errc::not_supported); }
  /// `value` is a kernel copy of `size` bytes.
  virtual result<> set_option(int, int, const void*, usize) { return fail(errc::no_protocol_option); }
  /// Writes at most `size` bytes and returns how many.
  virtual result<usize> get_option(int, int, void*, usize) { return fail(errc::no_protocol_option); }

  result<usize> read(cursor& into) override {
    message m;
    m.data = &into;
    return receive(m, 0);
  }
  result<usize> write(cursor& from) override {
    message m;
    m.data = &from;
    return send(m, 0);
  }
};

/// `type` is SOCK_STREAM 1, SOCK_DGRAM 2, …, without SOCK_NONBLOCK and SOCK_CLOEXEC; `file_flags` carries O_NONBLOCK.
using socket_creator = result<ref<file>> (*)(int type, int protocol, u32 file_flags);
void register_socket_family(int family, socket_creator creator);
/// EAFNOSUPPORT if nobody registered the family.
result<ref<file>> create_socket(int family, int type, int protocol, u32 file_flags);

}  // namespace osv::io
