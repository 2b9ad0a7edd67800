#include "net/socket_base.hh"

#include "memory/user_copy.hh"

namespace osv::net {

namespace {

std::atomic<u64> next_inode{10000};

constexpr u32 fionread = 0x541b, fionbio = 0x5421, siocoutq = 0x5411, siocatmark = 0x8905;
constexpr u32 socket_device = 8;  // sockfs

struct linux_timeval {
  i64 seconds, microseconds;
};

}  // namespace

socket_base::socket_base(stack& s, int family, int type, int protocol, u32 file_flags)
    : io::socket_file(file_flags | io::open_flag::read_write),
      stack_(s),
      family_(family),
      type_(type),
      protocol_(protocol),
      inode_(next_inode.fetch_add(1, std::memory_order_relaxed)),
      name_("socket:[{}]", inode_) {}

result<i32> socket_base::integer(const void* value, usize size) {
  if (size < sizeof(i32)) {
    if (size < 1) return fail(errc::invalid);
    return static_cast<i32>(*static_cast<const u8*>(value));
  }
  i32 n;
  __builtin_memcpy(&n, value, sizeof n);
  return n;
}

usize socket_base::give_integer(i32 value, void* into, usize size) {
  const usize n = size < sizeof value ? size : sizeof value;
  __builtin_memcpy(into, &value, n);
  return n;
}

result<> socket_base::set_option(int level, int name, const void* value, usize size) {
  if (level != option::level_socket) return set_own_option(level, name, value, size);
  if (size < sizeof(i32) && name != option::bind_to_device) return fail(errc::invalid);  // socket(7)
  switch (name) {
    case option::receive_timeout:
    case option::send_timeout: {
      linux_timeval t;
      if (size < sizeof t) return fail(errc::invalid);
      __builtin_memcpy(&t, value, sizeof t);
      if (t.microseconds < 0 || t.microseconds >= 1'000'000) return fail(errc::domain);
      nanoseconds span = 0;
      if (t.seconds > 0 || (t.seconds == 0 && t.microseconds > 0))
        span = t.seconds > INT64_MAX / second / 2 ? 0 : t.seconds * second + t.microseconds * microsecond;
      (name == option::receive_timeout ? receive_timeout_ : send_timeout_) = span;
      return {};
    }
    case option::reuse_address: holder().reuse_address = TRY(integer(value, size)) != 0; return {};
    case option::reuse_port: holder().reuse_port = TRY(integer(value, size)) != 0; return {};
    case option::broadcast: broadcast_ = TRY(integer(value, size)) != 0; return {};
    case option::priority: priority_ = static_cast<u32>(TRY(integer(value, size))); return {};
    case option::bind_to_device: {
      const char* text = static_cast<const char*>(value);
      usize length = 0;
      while (length < size && text[length]) ++length;
      if (length == 0) {
        holder().bound_interface = 0;
        return {};
      }
      interface* i = stack_.interface_named({text, length});
      if (!i) return fail(errc::no_device);
      holder().bound_interface = i->index();
      return {};
    }
    case option::timestamp: case option::timestamp_ns: case option::timestamp_new: case option::timestamp_ns_new:
      // One form at a time; switching any of them off ends it.
      timestamp_form_.store(TRY(integer(value, size)) ? static_cast<u8>(name) : 0, std::memory_order_relaxed);
      return {};
    case option::debug: case option::dont_route: case option::out_of_band_inline:
    case option::mark: case option::busy_poll: case option::incoming_cpu: case option::zero_copy:
      kept_[name & 63] = static_cast<u32>(TRY(integer(value, size)));
      return {};
    case option::type: case option::error: case option::accepting: case option::protocol: case option::domain: case option::send_low_water:
      return fail(errc::no_protocol_option);
    default: return set_own_option(level, name, value, size);
  }
}

result<usize> socket_base::get_option(int level, int name, void* into, usize size) {
  if (level != option::level_socket) return get_own_option(level, name, into, size);
  switch (name) {
    case option::type: return give_integer(type_, into, size);
    case option::protocol: return give_integer(protocol_, into, size);
    case option::domain: return give_integer(family_, into, size);
    case option::error: return give_integer(static_cast<i32>(pending_error()), into, size);
    case option::reuse_address: return give_integer(holder().reuse_address, into, size);
    case option::reuse_port: return give_integer(holder().reuse_port, into, size);
    case option::broadcast: return give_integer(broadcast_, into, size);
    case option::priority: return give_integer(static_cast<i32>(priority_), into, size);
    case option::send_low_water: return give_integer(1, into, size);
    case option::receive_timeout:
    case option::send_timeout: {
      const nanoseconds span = name == option::receive_timeout ? receive_timeout_ : send_timeout_;
      const linux_timeval t{span / second, span % second / microsecond};
      const usize n = size < sizeof t ? size : sizeof t;
      __builtin_memcpy(into, &t, n);
      return n;
    }
    case option::bind_to_device: {
      if (!holder().bound_interface) return usize{0};
      const std::string_view device = stack_.interface_by_index(holder().bound_interface)->name();
      if (size < device.size() + 1) return fail(errc::invalid);
      __builtin_memcpy(into, device.data(), device.size());
      static_cast<char*>(into)[device.size()] = 0;
      return device.size() + 1;
    }
    case option::timestamp: case option::timestamp_ns: case option::timestamp_new: case option::timestamp_ns_new:
      return give_integer(timestamp_form_.load(std::memory_order_relaxed) == name, into, size);
    case option::debug: case option::dont_route: case option::out_of_band_inline:
    case option::mark: case option::busy_poll: case option::incoming_cpu: case option::zero_copy:
      return give_integer(static_cast<i32>(kept_[name & 63]), into, size);
    default: return get_own_option(level, name, into, size);
  }
}

result<i64> socket_base::control(u32 request, u64 argument) {
  void* at = reinterpret_cast<void*>(argument);
  switch (request) {
    case fionread: TRY(memory::write_program(at, static_cast<i32>(readable_bytes()))); return 0;
    case siocoutq: TRY(memory::write_program(at, static_cast<i32>(queued_bytes()))); return 0;
    case siocatmark: TRY(memory::write_program(at, i32{0})); return 0;
    case fionbio: {
      const i32 on = TRY(memory::read_program<i32>(at));
      set_flags(on ? flags() | io::open_flag::non_blocking : flags() & ~io::open_flag::non_blocking);
      return 0;
    }
    default: return interface_control(stack_, request, argument);
  }
}

result<> socket_base::stat(io::file_status& into) {
  into.device = socket_device;
  into.inode = inode_;
  into.mode = io::mode::socket | 0777;
  return {};
}

}  // namespace osv::net
