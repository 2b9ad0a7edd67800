#include "boot/shutdown.hh"

#include "arch/cpu.hh"
#include "arch/x86_64/local_apic.hh"
#include "base/failure_injection.hh"
#include "base/json.hh"
#include "devices/acpi/acpi.hh"
#include "devices/console_port.hh"
#include "devices/devices.hh"
#include "devices/panic_notifier.hh"
#include "devices/serial.hh"
#include "io/file.hh"
#include "linux/standard_streams.hh"
#include "linux/task.hh"
#include "log/log.hh"
#include "log/panic.hh"
#include "net/initialize.hh"
#include "sched/clock.hh"
#include "sched/timer.hh"
#include "sync/mutex.hh"
#include "vfs/vfs.hh"

namespace osv::boot {

namespace {

constexpr nanoseconds flush_timeout = 2 * second;
constexpr std::string_view control_port_name = "dev.osv.control";

enum class panic_action : u8 { power_off, halt, reboot } on_panic = panic_action::power_off;
std::atomic<bool> stop_requested{false};
std::atomic<linux_abi::process*> program{nullptr};
nanoseconds stop_delay = 0;

void write_line(const string& line) {
  if (devices::console_port* port = devices::find_console_port(control_port_name)) {
    io::cursor cursor(line.c_str(), line.size());
    (void)port->write(cursor, true);
  }
}

/// Events are short; the room for one is taken at boot, so that the last one gets out when memory is short.
constexpr usize event_room = 1024;
string event_line;
sync::mutex event_mutex;

template <typename F>
void send_event(F&& fill) {
  sync::mutex_guard g(event_mutex);
  string& line = event_line;
  line.clear();
  json::writer writer(line);
  writer.begin_object();
  fill(writer);
  writer.end_object();
  if (!writer.status().ok() || !line.push_back('\n').ok()) return;
  write_line(line);
}

[[noreturn]] void power_off() {
  using inject::point;
  if (const u64 allocations = inject::passes(point::allocation), requests = inject::passes(point::block_request); allocations || requests)
    log::info("where failures are injected: {} allocations, {} block requests", allocations, requests);
  vfs::power_off();
  net::deliver_last_words();
  devices::flush_consoles(sched::now() + flush_timeout);
  devices::acpi::power_off();
}

/// Runs in the thread that ended the program.
void end_of_program(const linux_abi::program_end& end) {
  linux_abi::flush_standard_streams();
  if (end.by_signal)
    log::info("osv: program killed by signal {} ({})", end.value, linux_abi::signal_name(end.value));
  else
    log::info("osv: program exited with code {}", end.value);
  send_event([&](json::writer& w) { w.member("event", "exit").member(end.by_signal ? "signal" : "code", static_cast<i64>(end.value)); });
  power_off();
}

void stop_after_panic(std::string_view) {
  arch::send_nmi_to_others();
  devices::notify_panic();
  if (on_panic == panic_action::power_off) devices::acpi::power_off();
  if (on_panic == panic_action::reboot) devices::acpi::reboot();
  for (;;) asm volatile("cli; hlt");
}

void signal_program(int number) {
  linux_abi::process* target = program.load(std::memory_order_acquire);
  if (!target || number < 1 || number > linux_abi::signals_max) return;
  linux_abi::signal_info info;
  info.number = number;
  info.code = linux_abi::signal_code::kernel;
  (void)linux_abi::send_signal(*target, info);
}

sched::timer terminate_timer{[](sched::timer&) { signal_program(linux_abi::signal::terminate); }};

/// Once, although button and start may both find that it is their turn. Safe in interrupts.
void begin_to_stop() {
  static std::atomic<bool> begun{false};
  if (begun.exchange(true, std::memory_order_relaxed)) return;
  if (stop_delay == 0)
    signal_program(linux_abi::signal::terminate);
  else
    terminate_timer.arm(sched::now() + stop_delay);
}

/// {"signal":2} and so on, a line each.
void serve_control_port(devices::console_port& port) {
  constexpr usize line_max = 256;
  char line[line_max];
  usize length = 0;
  for (;;) {
    char c;
    io::cursor cursor(&c, 1);
    auto got = port.read(cursor, true);
    if (!got.ok()) return;
    if (*got == 0) {  // the host closed its side; it may open it again
      port.queue().wait([&] { return !(port.poll() & io::poll_event::hang_up); }, never, false);
      continue;
    }
    if (c != '\n') {
      if (length < line_max) line[length++] = c;
      continue;
    }
    auto parsed = json::document::parse({line, length});
    length = 0;
    if (!parsed.ok()) {
      log::warning("the control port received a line that is not JSON");
      continue;
    }
    if (const i64 number = parsed.value().root()["signal"].integer(); number > 0) signal_program(static_cast<int>(number));
  }
}

}  // namespace

linux_abi::process* program_process() { return program.load(std::memory_order_acquire); }

void request_power_off() {
  // Once: KubeVirt presses the button every five seconds until the grace period is over, and ends the machine itself then.
  // Sequentially consistent, as is report_ready: of this and the program's start, whichever comes second sees the other.
  if (!stop_requested.exchange(true) && program.load()) begin_to_stop();
}

void set_stop_delay(nanoseconds delay) { stop_delay = delay; }

void set_panic_action(std::string_view action) {
  if (action == "poweroff") on_panic = panic_action::power_off;
  if (action == "halt") on_panic = panic_action::halt;
  if (action == "reboot") on_panic = panic_action::reboot;
}

void initialize_shutdown() {
  for (usize i = 0; i < event_room; ++i) (void)event_line.push_back(' ');
  log::set_panic_stop(&stop_after_panic);
  linux_abi::program_ended = &end_of_program;
  devices::acpi::on_power_button([] { request_power_off(); });
}

void report_ready(u64 boot_microseconds) {
  program.store(&linux_abi::current_process());
  if (stop_requested.load()) begin_to_stop();  // the button was pressed while the machine booted
  send_event([&](json::writer& w) { w.member("event", "ready").member("bootMicroseconds", boot_microseconds); });
  if (devices::console_port* port = devices::find_console_port(control_port_name))
    (void)sched::spawn("control", [port] { serve_control_port(*port); });
}

void report_start_failure(std::string_view sentence, int status) {
  log::error("osv: cannot start: {}", sentence);
  send_event([&](json::writer& w) { w.member("event", "failed").member("message", sentence).member("status", static_cast<i64>(status)); });
  power_off();
}

}  // namespace osv::boot
