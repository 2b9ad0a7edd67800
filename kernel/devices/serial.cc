#include "devices/serial.hh"

#include <atomic>

#include "arch/cpu.hh"
#include "arch/x86_64/ports.hh"
#include "devices/acpi/acpi.hh"
#include "devices/console_port.hh"
#include "io/file.hh"
#include "lock/spin_lock.hh"
#include "log/log.hh"
#include "sched/clock.hh"

namespace osv::devices::serial {
namespace {

// Registers and bits: PC16550D data sheet, section 8.
constexpr u16 base = 0x3f8;
constexpr u16 port_data = base, port_interrupts = base + 1, port_fifo = base + 2, port_identification = base + 2, port_line = base + 3,
              port_modem = base + 4, port_line_status = base + 5, port_scratch = base + 7;
constexpr u8 status_data_ready = 0x01, status_transmitter_empty = 0x20;
constexpr u8 on_received = 0x01, on_transmitted = 0x02;  // interrupt enable register
constexpr u8 cause_mask = 0x0f, cause_none = 0x01, cause_transmitted = 0x02;  // interrupt identification register
constexpr unsigned fifo_size = 16;
constexpr unsigned isa_interrupt = 4;

constinit bool present = false;
constinit lock::irq_spin_lock output_lock{lock::rank::leaf};

// A line that moves sends 16 bytes in 1.4 ms. A busy host takes them later, and one that stopped reading must not stop the guest.
// The kernel's own lines are sent with interrupts off and wait for less than a program's output.
// Both bounds of them count: tries alone are some milliseconds where reading a port is cheap, cycles alone many seconds where
// it is not.
constexpr unsigned tries_min = 200'000;
constexpr u64 cycles_min = 1ull << 31;  // about a second
constexpr nanoseconds patience = 5 * second;

/// Nobody takes what is sent: it is not waited for again until that changes.
std::atomic<bool> stalled{false};  // relaxed: a hint, whoever is late waits once more

bool transmitter_empty() {
  if (!(arch::in8(port_line_status) & status_transmitter_empty)) return false;
  stalled.store(false, std::memory_order_relaxed);
  return true;
}

bool wait_for_transmitter() {
  const u64 begin = arch::timestamp();
  for (unsigned tries = 0;; ++tries) {
    if (transmitter_empty()) return true;
    if (stalled.load(std::memory_order_relaxed)) return false;
    if (tries >= tries_min && arch::timestamp() - begin >= cycles_min) {
      stalled.store(true, std::memory_order_relaxed);
      return false;
    }
    arch::pause();
  }
}

/// Fills the transmitter, which is empty and so has room for a whole FIFO; returns how many bytes it took.
usize fill_transmitter(std::string_view text) {
  const usize n = text.size() < fifo_size ? text.size() : fifo_size;
  for (usize i = 0; i < n; ++i) arch::out8(port_data, static_cast<u8>(text[i]));
  return n;
}

class serial_port final : public console_port {
 public:
  std::string_view name() const override { return "serial"; }

  result<usize> read(io::cursor& into, bool wait) override {
    if (into.remaining() == 0) return usize{0};
    for (;;) {
      u8 chunk[64];
      const usize wanted = into.remaining() < sizeof chunk ? into.remaining() : sizeof chunk;
      const usize n = take(chunk, wanted);
      if (n) return into.put(chunk, n);
      if (!wait) return fail(errc::again);
      if (queue_.wait([&] { return available(); }) == sync::wait_result::interrupted) return fail(errc::interrupted);
    }
  }

  /// While the host does not take it, a program sleeps; after some seconds without a byte, output is dropped until it does.
  result<usize> write(io::cursor& from, bool wait) override {
    usize written = 0;
    while (!from.done()) {
      if (!wait && !writable()) break;
      char chunk[128];
      // What a program that does not wait hands over beyond the transmitter's room would have to be given back.
      const result<usize> n = from.take(chunk, wait ? sizeof chunk : fifo_size);
      if (!n.ok()) {
        if (written) break;
        return fail(n.error());
      }
      std::string_view text(chunk, n.value());
      for (text.remove_prefix(send(text)); !text.empty() && !given_up(); text.remove_prefix(send(text))) {
      }
      written += n.value();
    }
    if (written == 0 && !wait && !from.done()) return fail(errc::again);
    return written;
  }

  u32 poll() override { return (writable() ? io::poll_event::out : 0) | (available() ? io::poll_event::in : 0); }
  sync::wait_queue& queue() override { return queue_; }

  void on_interrupt() {
    u32 events = 0;
    // The interrupt is an edge: it comes again only after every cause of it was taken away. Bounded: a line that always has a
    // byte must not hold the CPU.
    for (unsigned i = 0; i < 256; ++i) {
      const u8 cause = arch::in8(port_identification) & cause_mask;
      if (cause == cause_none) break;
      if (cause == cause_transmitted) events |= io::poll_event::out;  // reading it took it away
      if (receive()) events |= io::poll_event::in;
    }
    if (events) queue_.wake(events);
  }

 private:
  /// Sends what the transmitter takes at once. If that is not all, there is an interrupt when it takes more.
  usize send(std::string_view text) {
    usize sent = 0;
    {
      lock::guard guard(output_lock);
      while (sent < text.size() && transmitter_empty()) sent += fill_transmitter(text.substr(sent));
      ask_for_interrupt(sent < text.size());
    }
    // Another one who waits for the interrupt that was just called off asks for it again.
    if (sent == text.size()) queue_.wake(io::poll_event::out);
    return sent;
  }
  bool writable() {
    if (transmitter_empty() || stalled.load(std::memory_order_relaxed)) return true;
    lock::guard guard(output_lock);
    ask_for_interrupt(true);
    return transmitter_empty();
  }
  /// Waits until the transmitter takes more; true when nobody reads any longer. Not for signals: what is dropped is lost.
  bool given_up() {
    if (queue_.wait([this] { return writable(); }, sched::now() + patience, false) == sync::wait_result::timed_out &&
        !stalled.exchange(true, std::memory_order_relaxed))
      log::warning("serial: the host does not read; output is dropped until it does");
    return stalled.load(std::memory_order_relaxed);
  }
  /// Output lock.
  void ask_for_interrupt(bool when_transmitted) {
    if (asked_ == when_transmitted) return;
    asked_ = when_transmitted;
    arch::out8(port_interrupts, when_transmitted ? on_received | on_transmitted : on_received);
  }

  bool receive() {
    lock::guard guard(lock_);
    bool any = false;
    for (unsigned i = 0; i < fifo_size && arch::in8(port_line_status) & status_data_ready; ++i) {
      const u8 byte = arch::in8(port_data);
      if (head_ - tail_ < sizeof ring_) ring_[head_++ % sizeof ring_] = byte;
      any = true;
    }
    return any;
  }
  bool available() {
    lock::guard guard(lock_);
    return head_ != tail_;
  }
  usize take(u8* into, usize n) {
    lock::guard guard(lock_);
    usize done = 0;
    while (done < n && tail_ != head_) into[done++] = ring_[tail_++ % sizeof ring_];
    return done;
  }

  lock::irq_spin_lock lock_{lock::rank::leaf};
  u8 ring_[1024];
  u32 head_ = 0;
  u32 tail_ = 0;
  bool asked_ = false;  // for an interrupt when the transmitter is empty
  sync::wait_queue queue_;
};

}  // namespace

void initialize_early() {
  arch::out8(port_interrupts, 0);
  arch::out8(port_scratch, 0x5a);
  present = arch::in8(port_scratch) == 0x5a;
  if (!present) return;
  arch::out8(port_line, 0x80);  // divisor latch
  arch::out8(port_data, 1);     // 115200
  arch::out8(port_interrupts, 0);
  arch::out8(port_line, 0x03);   // 8N1
  arch::out8(port_fifo, 0x07);   // on, both cleared
  arch::out8(port_modem, 0x0b);  // DTR, RTS, OUT2 (interrupt line)
}

void write_unlocked(std::string_view text) {
  if (!present) return;
  while (!text.empty()) {
    if (!wait_for_transmitter()) return;
    text.remove_prefix(fill_transmitter(text));
  }
}

void write(std::string_view text) {
  // A CPU that was stopped in the middle of a line (panic) never gives the lock back: wait long enough for a line, no longer.
  arch::interrupt_guard guard;
  bool held = output_lock.try_acquire();
  for (unsigned tries = 0; !held && tries < 50'000'000; ++tries) {
    arch::pause();
    held = output_lock.try_acquire();
  }
  write_unlocked(text);
  if (held) output_lock.release();
}

void start_input() {
  if (!present) return;
  serial_port* port = new (std::nothrow) serial_port;
  if (!port) return;
  const result<> routed = acpi::route_isa_interrupt(isa_interrupt, [port] { port->on_interrupt(); });
  if (!routed.ok()) log::warning("serial: no input, interrupt {} cannot be routed", isa_interrupt);
  register_console_port(*port);
  arch::out8(port_interrupts, on_received);
}

}  // namespace osv::devices::serial
