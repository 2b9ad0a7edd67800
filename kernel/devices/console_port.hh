// Byte streams to the host: virtio-serial ports found by name, and the serial line.
#pragma once

#include <string_view>

#include "base/result.hh"
#include "io/cursor.hh"
#include "sync/wait_queue.hh"

namespace osv::devices {

class console_port : pinned {
 public:
  virtual ~console_port() = default;
  virtual std::string_view name() const = 0;  // "dev.osv.stdout"
  /// Bytes that are there; 0 = end of file (the host closed its side). EAGAIN when `wait` is false and nothing is there.
  virtual result<usize> read(io::cursor& into, bool wait) = 0;
  /// Writes all of it (blocks until the host took it), or what fits when `wait` is false.
  virtual result<usize> write(io::cursor& from, bool wait) = 0;
  /// poll_event bits, and the queue that is woken on change.
  virtual u32 poll() = 0;
  virtual sync::wait_queue& queue() = 0;
};

void register_console_port(console_port& port);
console_port* find_console_port(std::string_view name);

}  // namespace osv::devices
