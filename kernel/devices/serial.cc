#include "devices/serial.hh"

#include <atomic>

#include "arch/cpu.hh"
#include "arch/x86_64/ports.hh"
#include "devices/acpi/acpi.hh"
#include "devices/console_port.hh"
#include "io/file.hh"
#include "lock/spin_lock.hh"
#include "log/log.hh"

namespace osv::devices::serial {
namespace {

// Registers and bits: PC16550D data sheet, section 8.
constexpr u16 base = 0x3f8;
constexpr u16 port_data = base, port_interrupts = base + 1, port_fifo = base + 2, port_line = base + 3, port_modem = base + 4,
              port_line_status = base + 5, port_scratch = base + 7;
constexpr u8 status_data_ready = 0x01, status_transmitter_empty = 0x20;
constexpr unsigned fifo_size = 16;
constexpr unsigned isa_interrupt = 4;

constinit bool present = false;
constinit lock::irq_spin_lock output_lock{lock::rank::leaf};

// A line that moves sends 16 bytes in 1.4 ms. A busy host takes them later, and one that stopped reading must not stop the guest.
// Both bounds count: tries alone are some milliseconds where reading a port is cheap, cycles alone many seconds where it is not.
constexpr unsigned tries_min = 200'000;
constexpr u64 cycles_min = 1ull << 31;  // about a second

/// Nobody takes what is sent: it is not waited for again until that changes. Output lock, or whoever could not get it.
constinit bool stalled = false;

bool wait_for_transmitter() {
  const u64 begin = arch::timestamp();
  for (unsigned tries = 0;; ++tries) {
    if (arch::in8(port_line_status) & status_transmitter_empty) {
      stalled = false;
      return true;
    }
    if (stalled) return false;
    if (tries >= tries_min && arch::timestamp() - begin >= cycles_min) {
      stalled = true;
      return false;
    }
    arch::pause();
  }
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

  result<usize> write(io::cursor& from, bool) override {
    usize written = 0;
    while (!from.done()) {
      char chunk[128];
      const result<usize> n = from.take(chunk, sizeof chunk);
      if (!n.ok()) {
        if (written) break;
        return fail(n.error());
      }
      serial::write({chunk, n.value()});
      written += n.value();
    }
    return written;
  }

  u32 poll() override { return io::poll_event::out | (available() ? io::poll_event::in : 0); }
  sync::wait_queue& queue() override { return queue_; }

  void on_interrupt() {
    bool any = false;
    {
      lock::guard guard(lock_);
      // Bounded: a line that always has a byte must not hold the CPU.
      for (unsigned i = 0; i < 256 && arch::in8(port_line_status) & status_data_ready; ++i) {
        const u8 byte = arch::in8(port_data);
        if (head_ - tail_ < sizeof ring_) ring_[head_++ % sizeof ring_] = byte;
        any = true;
      }
    }
    if (any) queue_.wake(io::poll_event::in);
  }

 private:
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
    // An empty transmitter has room for a whole FIFO.
    for (unsigned i = 0; i < fifo_size && !text.empty(); ++i) {
      arch::out8(port_data, static_cast<u8>(text.front()));
      text.remove_prefix(1);
    }
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
  arch::out8(port_interrupts, 0x01);  // received data available
}

}  // namespace osv::devices::serial
