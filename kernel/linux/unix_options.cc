// Socket options and ioctls of unix(7) sockets.
#include "linux/unix_socket.hh"
#include "net/socket_base.hh"
#include "net/stack.hh"
#include "memory/user_copy.hh"

namespace osv::linux_abi {

namespace {

// SOL_SOCKET and its options (asm-generic/socket.h).
constexpr int level_socket = 1;
namespace option {
constexpr int reuse_address = 2, type = 3, error = 4, broadcast = 6, send_buffer = 7, receive_buffer = 8, keep_alive = 9;
constexpr int linger = 13, reuse_port = 15, pass_credentials = 16, peer_credentials = 17, receive_low_water = 18;
constexpr int receive_timeout = 20, send_timeout = 21, accepts = 30, send_buffer_force = 32, receive_buffer_force = 33;
constexpr int protocol = 38, domain = 39;
}  // namespace option

constexpr usize buffer_min = 2304, buffer_max = 8 * 1024 * 1024;

struct linux_timeval {
  i64 seconds, microseconds;
};

result<nanoseconds> timeout_from(const void* value, usize size) {
  linux_timeval t;
  if (size < sizeof t) return fail(errc::invalid);
  __builtin_memcpy(&t, value, sizeof t);
  if (t.microseconds < 0 || t.microseconds >= 1000000) return fail(errc::domain);
  if (t.seconds == 0 && t.microseconds == 0) return never;
  if (t.seconds < 0) return nanoseconds{0};
  if (t.seconds > never / second / 2) return never;
  return t.seconds * second + t.microseconds * microsecond;
}

result<usize> give(void* into, usize room, const void* value, usize size) {
  const usize n = room < size ? room : size;
  __builtin_memcpy(into, value, n);
  return n;
}
result<usize> give(void* into, usize room, i32 value) { return give(into, room, &value, sizeof value); }
result<usize> give_timeout(void* into, usize room, nanoseconds timeout) {
  linux_timeval t{};
  if (timeout != never) t = {timeout / second, timeout % second / microsecond};
  return give(into, room, &t, sizeof t);
}

}  // namespace

result<> unix_socket::set_option(int level, int name, const void* value, usize size) {
  if (level != level_socket) return fail(errc::not_supported);
  if (name == option::receive_timeout) {
    receive_timeout_ = TRY(timeout_from(value, size));
    return {};
  }
  if (name == option::send_timeout) {
    send_timeout_ = TRY(timeout_from(value, size));
    return {};
  }
  i32 number;
  if (size < sizeof number) return fail(errc::invalid);
  __builtin_memcpy(&number, value, sizeof number);
  switch (name) {
    case option::pass_credentials:
      endpoint_->pass_credentials.store(number != 0);
      return {};
    case option::send_buffer:
    case option::send_buffer_force: {
      // What waits lies in the peer's queue, so the sender's limit is the peer's.
      const usize doubled = static_cast<usize>(number < 0 ? 0 : number) * 2;
      const usize limit = doubled < buffer_min ? buffer_min : doubled > buffer_max ? buffer_max : doubled;
      endpoint_->buffer_limit.store(limit);
      if (const ref<unix_endpoint> other = endpoint_->peer()) other->buffer_limit.store(limit);
      return {};
    }
    case option::receive_buffer:
    case option::receive_buffer_force:
    case option::reuse_address:
    case option::reuse_port:
    case option::keep_alive:
    case option::broadcast:
    case option::linger:
    case option::receive_low_water:
      return {};
    default:
      return fail(errc::no_protocol_option);
  }
}

result<usize> unix_socket::get_option(int level, int name, void* value, usize size) {
  if (level != level_socket) return fail(errc::not_supported);
  unix_endpoint& e = *endpoint_;
  switch (name) {
    case option::type:
      return give(value, size, static_cast<i32>(e.type));
    case option::error:
      return give(value, size, static_cast<i32>(e.take_error()));
    case option::send_buffer:
    case option::receive_buffer:
      return give(value, size, static_cast<i32>(e.buffer_limit.load()));
    case option::pass_credentials:
      return give(value, size, e.pass_credentials);
    case option::peer_credentials: {
      const unix_credentials none{0, ~0u, ~0u};
      return give(value, size, e.connected || e.listening ? &e.peer_credentials : &none, sizeof none);
    }
    case option::receive_timeout:
      return give_timeout(value, size, receive_timeout_);
    case option::send_timeout:
      return give_timeout(value, size, send_timeout_);
    case option::accepts:
      return give(value, size, e.listening);
    case option::protocol:
    case option::reuse_address:
    case option::reuse_port:
    case option::keep_alive:
    case option::broadcast:
      return give(value, size, 0);
    case option::receive_low_water:
      return give(value, size, 1);
    case option::domain:
      return give(value, size, 1);
    case option::linger: {
      const i32 off[2] = {0, 0};
      return give(value, size, off, sizeof off);
    }
    default:
      return fail(errc::no_protocol_option);
  }
}

result<i64> unix_socket::control(u32 request, u64 argument) {
  constexpr u32 bytes_readable = 0x541b, bytes_unsent = 0x5411;  // FIONREAD, SIOCOUTQ
  i32 count;
  if (request == bytes_readable) {
    if (endpoint_->listening) return fail(errc::invalid);
    sync::mutex_guard reading(endpoint_->reading);
    unix_packet* packet = endpoint_->front();
    count = !packet                                  ? 0
            : endpoint_->type == unix_type::datagram ? static_cast<i32>(packet->size)
                                                     : static_cast<i32>(endpoint_->bytes.load());
  } else if (request == bytes_unsent) {
    const ref<unix_endpoint> other = endpoint_->peer();
    count = other ? static_cast<i32>(other->bytes.load()) : 0;
  } else {
    // netdevice(7): interfaces are asked through any socket; if_nametoindex(3) takes one of this family.
    return net::interface_control(net::the_stack(), request, argument);
  }
  TRY(memory::write_program(reinterpret_cast<void*>(argument), count));
  return i64{0};
}

}  // namespace osv::linux_abi
