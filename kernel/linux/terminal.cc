#include "linux/terminal.hh"

#include "linux/signal.hh"
#include "linux/task.hh"
#include "vfs/character_device.hh"

namespace osv::linux_abi {

namespace {

// Bits and character slots of termios(3), asm-generic/termbits.h.
constexpr u32 input_cr_to_nl = 0400;
constexpr u32 output_process = 1, output_nl_to_crnl = 4;
constexpr u32 control_default = 0x14bf;  // B38400 (15) | CS8 | CREAD | HUPCL | B115200's extension bit
constexpr u32 local_signals = 1, local_canonical = 2, local_echo = 010, local_echo_erase = 020, local_echo_kill = 040, local_extended = 0100000;
constexpr usize slot_interrupt = 0, slot_quit = 1, slot_erase = 2, slot_kill = 3, slot_end = 4, slot_minimum = 6;

constexpr linux_termios default_settings() {
  linux_termios t{};
  t.input = input_cr_to_nl | 02000;  // IXON
  t.output = output_process | output_nl_to_crnl;
  t.control = control_default;
  t.local = local_signals | local_canonical | local_echo | local_echo_erase | local_echo_kill | local_extended;
  const u8 characters[] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22};  // INIT_C_CC
  for (usize i = 0; i < sizeof characters; ++i) t.characters[i] = characters[i];
  return t;
}

/// ioctl_tty(2), asm-generic/ioctls.h.
namespace request {
constexpr u32 get = 0x5401, set = 0x5402, set_drain = 0x5403, set_flush = 0x5404, send_break = 0x5409, flow = 0x540a;
constexpr u32 flush = 0x540b, controlling = 0x540e, get_group = 0x540f, set_group = 0x5410, out_queue = 0x5411;
constexpr u32 get_window = 0x5413, set_window = 0x5414, in_queue = 0x541b, get_session = 0x5429;
}  // namespace request

void send_to_program(int number) {
  signal_info info;
  info.number = number;
  info.code = signal_code::kernel;
  (void)send_signal(current_process(), info);
}

}  // namespace

terminal::terminal(devices::console_port& port) : port_(port), settings_(default_settings()) {}

bool terminal::canonical() const { return settings_.local & local_canonical; }

void terminal::echo(string_view text) {
  io::cursor c(text.data(), text.size());
  (void)port_.write(c, false);
}

void terminal::take(u8 c) {
  if (c == '\r' && (settings_.input & input_cr_to_nl)) c = '\n';
  const u8* slots = settings_.characters;
  if (settings_.local & local_signals) {
    const int number = c == slots[slot_interrupt] ? signal::interrupt : c == slots[slot_quit] ? signal::quit : 0;
    if (number) {
      used_ = complete_;
      if (settings_.local & local_echo) echo(number == signal::interrupt ? "^C\r\n" : "^\\\r\n");
      send_to_program(number);
      return;
    }
  }
  const bool shows = settings_.local & local_echo;
  if (canonical()) {
    if (c == slots[slot_erase]) {
      if (used_ > complete_) {
        --used_;
        if (shows) echo("\b \b");
      }
      return;
    }
    if (c == slots[slot_kill]) {
      for (; used_ > complete_; --used_)
        if (shows) echo("\b \b");
      return;
    }
    if (c == slots[slot_end]) {
      complete_ = used_;
      at_end_ = true;
      return;
    }
  }
  if (used_ == line_max) return;
  line_[used_++] = c;
  if (shows) echo(c == '\n' ? string_view("\r\n") : string_view(reinterpret_cast<const char*>(&c), 1));
  if (!canonical() || c == '\n' || used_ == line_max) complete_ = used_;
}

result<> terminal::fill(bool wait) {
  u8 chunk[64];
  io::cursor c(static_cast<void*>(chunk), sizeof chunk);
  auto got = port_.read(c, wait);
  if (!got.ok()) return fail(got.error() == errc::interrupted ? errc::restart : got.error());
  if (got.value() == 0) at_end_ = true;
  for (usize i = 0; i < got.value(); ++i) take(chunk[i]);
  return {};
}

result<usize> terminal::read(io::cursor& into, bool wait) {
  for (;;) {
    {
      sync::mutex_guard g(mutex_);
      if (!deliverable() && !canonical() && settings_.characters[slot_minimum] == 0) wait = false;
      while (!deliverable()) {
        auto filled = fill(false);
        if (filled.ok()) continue;
        if (filled.error() != errc::again) return fail(filled.error());
        if (!wait && !canonical() && settings_.characters[slot_minimum] == 0) return usize{0};
        if (!wait) return fail(errc::again);
        break;
      }
      if (deliverable()) {
        usize n = complete_;
        if (canonical())  // one line a read
          for (usize i = 0; i < complete_; ++i)
            if (line_[i] == '\n') {
              n = i + 1;
              break;
            }
        n = n < into.remaining() ? n : into.remaining();
        n = TRY(into.put(line_, n));
        __builtin_memmove(line_, line_ + n, used_ - n);
        used_ -= n;
        complete_ -= n;
        if (complete_ == 0) at_end_ = false;
        return n;
      }
    }
    if (port_.queue().wait([this] { return port_.poll() & io::poll_event::in; }) == sync::wait_result::interrupted)
      return fail(errc::restart);
  }
}

result<usize> terminal::write(io::cursor& from, bool wait) {
  // One write at a time, or the lines of two threads mix.
  if (wait)
    output_mutex_.lock();
  else if (!output_mutex_.try_lock())
    return fail(errc::again);
  const auto written = write_all(from, wait);
  output_mutex_.unlock();
  return written;
}

result<usize> terminal::write_all(io::cursor& from, bool wait) {
  const bool translate = (settings_.output & output_process) && (settings_.output & output_nl_to_crnl);
  if (!translate) return port_.write(from, wait);
  usize written = 0;
  while (!from.done()) {
    if (!wait && !(port_.poll() & io::poll_event::out)) {
      if (written) break;
      return fail(errc::again);
    }
    char in[64], out[128];
    auto taken = from.take(in, sizeof in);
    if (!taken.ok()) {
      if (written) break;
      return fail(taken.error());
    }
    usize n = 0;
    for (usize i = 0; i < taken.value(); ++i) {
      if (in[i] == '\n') out[n++] = '\r';
      out[n++] = in[i];
    }
    io::cursor c(static_cast<const void*>(out), n);
    TRY(port_.write(c, true));
    written += taken.value();
  }
  return written;
}

u32 terminal::poll() {
  const u32 events = port_.poll() & io::poll_event::out;
  sync::mutex_guard g(mutex_);
  while (!deliverable() && fill(false).ok()) {
  }
  return deliverable() ? events | io::poll_event::in : events;
}

result<i64> terminal::control(u32 wanted, u64 argument) {
  void* pointer = reinterpret_cast<void*>(argument);
  switch (wanted) {
    case request::get: {
      sync::mutex_guard g(mutex_);
      TRY(memory::write_program(pointer, settings_));
      return i64{0};
    }
    case request::set:
    case request::set_drain:
    case request::set_flush: {
      const auto fresh = TRY(memory::read_program<linux_termios>(pointer));
      sync::mutex_guard g(mutex_);
      if (wanted == request::set_flush) used_ = complete_ = 0;
      settings_ = fresh;
      if (!canonical()) complete_ = used_;
      return i64{0};
    }
    case request::flush: {
      sync::mutex_guard g(mutex_);
      if (argument != 1) used_ = complete_ = 0;  // TCIFLUSH, TCIOFLUSH
      return i64{0};
    }
    case request::get_window:
      TRY(memory::write_program(pointer, window_));
      return i64{0};
    case request::set_window:
      window_ = TRY(memory::read_program<window_size>(pointer));
      return i64{0};
    case request::get_group:
    case request::get_session:
      TRY(memory::write_program(pointer, static_cast<i32>(current_process().id)));
      return i64{0};
    case request::in_queue: {
      (void)poll();
      sync::mutex_guard g(mutex_);
      TRY(memory::write_program(pointer, static_cast<i32>(complete_)));
      return i64{0};
    }
    case request::out_queue:
      TRY(memory::write_program(pointer, i32{0}));
      return i64{0};
    case request::set_group:
    case request::controlling:
    case request::send_break:
    case request::flow:
      return i64{0};
    default:
      return fail(errc::not_terminal);
  }
}

terminal* console_terminal() {
  static std::atomic<terminal*> made{nullptr};
  if (terminal* existing = made.load(std::memory_order_acquire)) return existing;
  devices::console_port* port = devices::find_console_port("serial");
  if (!port) return nullptr;
  auto* fresh = new (std::nothrow) terminal(*port);
  terminal* expected = nullptr;
  if (fresh && !made.compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) {
    delete fresh;
    return expected;
  }
  return fresh;
}

result<> terminal_file::stat(io::file_status& status) {
  status.mode = io::mode::character | 0620;
  status.special_device = vfs::device_number(5, 1);
  status.device = 5;
  status.inode = 1;
  return {};
}

}  // namespace osv::linux_abi
