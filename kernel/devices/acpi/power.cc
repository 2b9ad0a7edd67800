// Soft off, reset and the power button: fixed hardware (PM1 registers) or hardware-reduced (sleep registers, event device).
#include "arch/x86_64/ports.hh"
#include "devices/acpi/tables.hh"
#include "log/log.hh"
#include "memory/frames.hh"

namespace osv::devices::acpi {
namespace {

// FADT offsets (ACPI 6.4, table 5.9).
constexpr u32 fadt_sci = 46, fadt_smi_command = 48, fadt_acpi_enable = 52, fadt_pm1a_event = 56, fadt_pm1b_event = 60,
              fadt_pm1a_control = 64, fadt_pm1b_control = 68, fadt_pm1_event_length = 88, fadt_flags = 112, fadt_reset = 116,
              fadt_reset_value = 128, fadt_sleep_control = 244;
constexpr u32 flag_reset_supported = 1u << 10, flag_hardware_reduced = 1u << 20;

// PM1 bits (ACPI 6.4, 4.8.3).
constexpr u16 pm1_power_button = 1u << 8;
constexpr u16 pm1_sci_enabled = 1u << 0, pm1_sleep_enable = 1u << 13;
constexpr u8 sleep_control_enable = 1u << 5;

// QEMU's generic event device (docs/specs/acpi_hw_reduced_hotplug): one 32-bit selector; a read takes the events.
constexpr u32 event_power_button = 1u << 1;

struct power_register {
  u16 port = 0;
  volatile u8* memory = nullptr;
  explicit operator bool() const { return port || memory; }
  void write(u8 value) const {
    if (memory)
      arch::write_register<u8>(memory, value);
    else
      arch::out8(port, value);
  }
};

constinit power_register sleep_control{};
constinit power_register reset_register{};
constinit volatile u8* event_register = nullptr;
constinit bool soft_off_known = false;
constinit u8 soft_off_a = 0;
constinit u8 soft_off_b = 0;
inplace_function<void()> power_button;

bool hardware_reduced() { return found.fadt.read<u32>(fadt_flags) & flag_hardware_reduced; }

// Now, because a panic cannot map anything.
power_register prepare(const generic_address& a) {
  power_register r;
  if (a.address == 0) return r;
  if (a.where == generic_address::space::port) {
    r.port = static_cast<u16>(a.address);
  } else if (a.where == generic_address::space::memory) {
    const auto mapped = memory::map_device(physical_address{align_down(a.address, page_size)}, page_size);
    if (mapped.ok()) r.memory = static_cast<volatile u8*>(mapped.value()) + (a.address & (page_size - 1));
  }
  return r;
}

u16 port_of(u32 offset) { return static_cast<u16>(found.fadt.read<u32>(offset)); }

void press() {
  if (power_button) power_button();
}

void take_fixed_events() {
  const u16 blocks[] = {port_of(fadt_pm1a_event), port_of(fadt_pm1b_event)};
  for (const u16 block : blocks) {
    if (!block) continue;
    const u16 status = arch::in16(block);
    if (status) arch::out16(block, status);  // a one clears
    if (status & pm1_power_button) press();
  }
}

void start_fixed_events() {
  const u16 control = port_of(fadt_pm1a_control), event = port_of(fadt_pm1a_event);
  const u8 event_length = found.fadt.read<u8>(fadt_pm1_event_length);
  if (!control || !event || event_length < 4) return;
  if (!(arch::in16(control) & pm1_sci_enabled) && port_of(fadt_smi_command)) {
    arch::out8(port_of(fadt_smi_command), found.fadt.read<u8>(fadt_acpi_enable));
    for (int tries = 0; tries < 10000 && !(arch::in16(control) & pm1_sci_enabled); ++tries) arch::pause();
  }
  for (const u32 offset : {fadt_pm1a_event, fadt_pm1b_event})
    if (const u16 block = port_of(offset)) {
      arch::out16(block, 0xffff);
      arch::out16(static_cast<u16>(block + event_length / 2), pm1_power_button);
    }
  const u16 sci = found.fadt.read<u16>(fadt_sci);
  interrupt_line line = resolve_isa_interrupt(sci);
  // Without an override the SCI is level, low (ACPI 6.4, 5.2.9, SCI_INT).
  if (line.gsi == sci && !line.level) line = {sci, true, true};
  if (!arch::route_global_interrupt(line.gsi, line.level, line.active_low, [] { take_fixed_events(); }).ok())
    log::warning("acpi: the power button stays unheard: interrupt {} cannot be routed", line.gsi);
}

// The DSDT names the event device "ACPI0013", its selector as operation region "EREG" in memory, and an interrupt.
void start_generic_events() {
  const table& dsdt = found.dsdt;
  const u32 device = dsdt.find("ACPI0013", 8);
  const u32 region = dsdt.find("\x5b\x80" "EREG\x00\x0c", 8);
  if (device == dsdt.length() || region == dsdt.length()) return;
  u32 gsi = 0;
  for (u32 i = device; i < device + 160 && i < dsdt.length(); ++i)
    if (dsdt.read<u8>(i) == 0x89 && dsdt.read<u8>(i + 4) == 1) {
      gsi = dsdt.read<u32>(i + 5);
      break;
    }
  const power_register selector = prepare({generic_address::space::memory, dsdt.read<u32>(region + 8)});
  if (!gsi || !selector.memory) return;
  event_register = selector.memory;
  const result<> routed = arch::route_global_interrupt(gsi, false, false, [] {
    if (arch::read_register<u32>(event_register) & event_power_button) press();
  });
  if (!routed.ok()) log::warning("acpi: the power button stays unheard: interrupt {} cannot be routed", gsi);
}

[[noreturn]] void triple_fault() {
  const struct __attribute__((packed)) {
    u16 limit;
    u64 base;
  } empty{};
  asm volatile("lidt %0; int3" ::"m"(empty));
  for (;;) asm volatile("cli; hlt");
}

// The hardware needs a moment; a write that does nothing must not end the way down.
void wait_for_effect() {
  for (int i = 0; i < 1'000'000; ++i) arch::pause();
}

}  // namespace

void prepare_power() {
  soft_off_known = find_soft_off(found.dsdt, soft_off_a, soft_off_b);
  if (hardware_reduced()) sleep_control = prepare(read_address(found.fadt, fadt_sleep_control));
  if (found.fadt.read<u32>(fadt_flags) & flag_reset_supported) reset_register = prepare(read_address(found.fadt, fadt_reset));
}

void start_events() {
  if (!found.fadt) return;
  if (hardware_reduced())
    start_generic_events();
  else
    start_fixed_events();
}

void on_power_button(inplace_function<void()> callback) {
  arch::interrupt_guard guard;
  power_button = callback;
}

void power_off() {
  arch::disable_interrupts();
  if (soft_off_known && hardware_reduced() && sleep_control) {
    sleep_control.write(static_cast<u8>(soft_off_a << 2 | sleep_control_enable));
    wait_for_effect();
  }
  if (soft_off_known && !hardware_reduced()) {
    const u16 a = port_of(fadt_pm1a_control), b = port_of(fadt_pm1b_control);
    if (a) arch::out16(a, static_cast<u16>(soft_off_a << 10 | pm1_sleep_enable));
    if (b) arch::out16(b, static_cast<u16>(soft_off_b << 10 | pm1_sleep_enable));
    wait_for_effect();
  }
  log::error("acpi: no soft off on this machine; resetting");
  reboot();
}

void reboot() {
  arch::disable_interrupts();
  if (reset_register) {
    reset_register.write(found.fadt.read<u8>(fadt_reset_value));
    wait_for_effect();
  }
  arch::out8(0xcf9, 0x06);  // reset control register of PCI chip sets
  arch::out8(0x64, 0xfe);   // keyboard controller: pulse the reset line
  wait_for_effect();
  triple_fault();
}

}  // namespace osv::devices::acpi
