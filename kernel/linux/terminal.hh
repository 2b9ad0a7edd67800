// The serial line as a terminal (termios(3)): canonical input with echo, erase, end of file and the interrupt character;
// newline translation on output.
#pragma once

#include "devices/console_port.hh"
#include "io/file.hh"

namespace osv::linux_abi {

/// struct termios of the kernel (asm-generic/termbits.h).
struct linux_termios {
  u32 input, output, control, local;
  u8 line;
  u8 characters[19];
};
static_assert(sizeof(linux_termios) == 36);

struct window_size {
  u16 rows, columns, width, height;
};

/// One line discipline over a port, shared by every open file of it.
class terminal : pinned {
 public:
  explicit terminal(devices::console_port& port);

  result<usize> read(io::cursor& into, bool wait);
  result<usize> write(io::cursor& from, bool wait);
  result<i64> control(u32 request, u64 argument);
  u32 poll();
  sync::wait_queue& queue() { return port_.queue(); }

 private:
  static constexpr usize line_max = 4096;  // N_TTY_BUF_SIZE

  bool canonical() const;
  result<> fill(bool wait);          // mutex_ held: at least one byte, or the end, from the port into the line
  void take(u8 c);                   // mutex_ held
  void echo(string_view text);
  result<usize> write_all(io::cursor& from, bool wait);  // output_mutex_ held
  bool deliverable() const { return complete_ != 0 || at_end_; }

  devices::console_port& port_;
  sync::mutex mutex_;
  sync::mutex output_mutex_;
  linux_termios settings_;
  window_size window_{24, 80, 0, 0};
  u8 line_[line_max];
  usize used_ = 0;       // bytes in line_
  usize complete_ = 0;   // of these, ready for the reader
  bool at_end_ = false;  // the end-of-file character stands after complete_
};

/// The terminal on the serial line; nullptr without one. Made at the first call.
terminal* console_terminal();

class terminal_file final : public io::file {
 public:
  terminal_file(terminal& t, u32 flags) : io::file(flags), terminal_(t) {}

  result<usize> read(io::cursor& into) override { return terminal_.read(into, !non_blocking()); }
  result<usize> write(io::cursor& from) override { return terminal_.write(from, !non_blocking()); }
  result<i64> control(u32 request, u64 argument) override { return terminal_.control(request, argument); }
  result<> stat(io::file_status& status) override;
  u32 poll() override { return terminal_.poll(); }
  sync::wait_queue* poll_queue() override { return &terminal_.queue(); }
  std::string_view name() const override { return "/dev/console"; }

 private:
  terminal& terminal_;
};

}  // namespace osv::linux_abi
