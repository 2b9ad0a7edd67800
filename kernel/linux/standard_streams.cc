#include "linux/standard_streams.hh"

#include "linux/terminal.hh"
#include "log/log.hh"
#include "vfs/character_device.hh"

namespace osv::linux_abi {

namespace {

/// Names and modes, in order of descriptor.
struct stream {
  const char* port;
  u32 flags;
};
constexpr stream streams[] = {
    {"dev.osv.stdin", io::open_flag::read_only}, {"dev.osv.stdout", io::open_flag::write_only}, {"dev.osv.stderr", io::open_flag::write_only}};

result<ref<io::file>> open_terminal(u32 flags) {
  terminal* console = console_terminal();
  if (!console) return fail(errc::no_such_device_or_address);
  constexpr u32 kept = io::open_flag::access_mask | io::open_flag::non_blocking | io::open_flag::append;
  return ref<io::file>(TRY(make_ref<terminal_file>(*console, flags & kept)));
}

/// What is not connected: reading ends at once, writing goes nowhere.
result<ref<io::file>> open_null(u32 flags) { return vfs::open(vfs::lookup_base(), "/dev/null", flags, 0); }

result<ref<io::file>> open_stream(const stream& s, bool any_port) {
  if (devices::console_port* port = devices::find_console_port(s.port))
    return ref<io::file>(TRY(make_ref<port_file>(*port, s.flags)));
  if (any_port || !console_terminal()) return open_null(s.flags);
  return open_terminal(io::open_flag::read_write);
}

}  // namespace

result<> open_standard_streams(process& p) {
  (void)vfs::register_character_device("tty", 5, 0, 0666, open_terminal);
  (void)vfs::register_character_device("console", 5, 1, 0600, open_terminal);
  bool any_port = false;
  for (const stream& s : streams) any_port |= devices::find_console_port(s.port) != nullptr;
  int expected = 0;
  for (const stream& s : streams) {
    const int fd = TRY(p.files.install(TRY(open_stream(s, any_port)), false));
    if (fd != expected++) return fail(errc::busy);
  }
  return {};
}

void flush_standard_streams() {
  // A blocking write returns when the host has taken the bytes, but a non-blocking one may have left some in the queue.
  constexpr nanoseconds patience = second;
  const nanoseconds deadline = sched::now() + patience;
  for (const stream& s : streams) {
    devices::console_port* port = devices::find_console_port(s.port);
    if (!port || (s.flags & io::open_flag::access_mask) == io::open_flag::read_only) continue;
    (void)port->queue().wait([port] { return port->poll() & (io::poll_event::out | io::poll_event::hang_up); }, deadline, false);
  }
}

result<usize> port_file::read(io::cursor& into) {
  auto got = port_.read(into, !non_blocking());
  if (!got.ok() && got.error() == errc::interrupted) return fail(errc::restart);
  return got;
}

result<usize> port_file::write(io::cursor& from) {
  auto put = port_.write(from, !non_blocking());
  if (!put.ok() && put.error() == errc::interrupted) return fail(errc::restart);
  return put;
}

result<> port_file::stat(io::file_status& status) {
  status.mode = io::mode::fifo | 0600;
  status.device = 13;  // an anonymous device, as pipes have
  status.inode = reinterpret_cast<uptr>(&port_) >> 4;
  return {};
}

}  // namespace osv::linux_abi
