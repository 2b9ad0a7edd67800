// Descriptors 0, 1 and 2. With the ports dev.osv.stdin, dev.osv.stdout and dev.osv.stderr they are streams as in a pipe;
// without them the serial line is a terminal.
#pragma once

#include "devices/console_port.hh"
#include "linux/process.hh"

namespace osv::linux_abi {

/// Opens descriptors 0, 1, 2 of `p`, which must be free. Registers /dev/tty and /dev/console. A missing standard input reads
/// as its end. Call after devices and vfs are there.
result<> open_standard_streams(process& p);
/// Waits until what the program wrote has been taken by the host; for the end of the program.
void flush_standard_streams();

/// A virtio-serial port as a byte stream: fstat(2) says FIFO, so that programs buffer as they do in a pipe.
class port_file final : public io::file {
 public:
  port_file(devices::console_port& port, u32 flags) : io::file(flags), port_(port) {}

  result<usize> read(io::cursor& into) override;
  result<usize> write(io::cursor& from) override;
  result<> stat(io::file_status& status) override;
  u32 poll() override { return port_.poll(); }
  sync::wait_queue* poll_queue() override { return &port_.queue(); }
  std::string_view name() const override { return port_.name(); }

 private:
  devices::console_port& port_;
};

}  // namespace osv::linux_abi
