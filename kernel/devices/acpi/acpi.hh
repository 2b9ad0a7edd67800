// What the firmware's ACPI tables say: processors, interrupt controllers, PCI configuration space, power (ACPI 6.4).
#pragma once

#include <span>

#include "arch/interrupts.hh"
#include "base/function.hh"
#include "base/types.hh"

namespace osv::devices::acpi {

struct cpu {
  u32 apic_id;
};
struct io_apic {
  physical_address address;
  u32 gsi_base;
};
/// PCI configuration space in memory: 1 MiB a bus, first bus at `base` (PCI firmware specification 3.3, 4.1.2).
struct configuration_space {
  physical_address base;
  u16 segment;
  u8 first_bus;
  u8 last_bus;
};
/// A device that only the DSDT tells of.
struct virtio_window {
  physical_address address;
  u32 size;
  u32 gsi;
};

/// Reads the tables. `rsdp` from hvm_start_info; 0: it is searched in low memory. Without ACPI (or with broken tables)
/// the MP table is used (Intel MultiProcessor Specification 1.4), else one CPU and the usual addresses. Needs
/// memory::to_virtual to reach the tables; no heap, no interrupts.
void initialize(physical_address rsdp);
bool available();

/// Usable processors, the boot processor among them; at most arch::cpus_max.
std::span<const cpu> cpus();
/// Processors that the machine has or could get while it runs.
u32 cpus_listed();
std::span<const io_apic> io_apics();
std::span<const configuration_space> configuration_spaces();
std::span<const virtio_window> virtio_windows();
/// FADT PM_TMR_BLK, 0 if none.
u16 power_management_timer_port();
/// FADT CENTURY, 0 if none.
u8 century_register();

/// Maps the local APIC and the I/O APICs and hands them to arch/. Needs memory::map_device.
result<> initialize_interrupt_controllers();
/// Routes an ISA interrupt (0 to 15) by the interrupt source overrides of the MADT.
result<> route_isa_interrupt(unsigned irq, arch::interrupt_handler handler);
/// The GSI that a PCI legacy or ACPI interrupt line number means, with its trigger.
struct interrupt_line {
  u32 gsi;
  bool level;
  bool active_low;
};
interrupt_line resolve_isa_interrupt(unsigned irq);

/// Switches ACPI mode on and listens to the power button. Needs interrupts; call once.
void start_events();
/// Called in interrupt context at each press of the power button.
void on_power_button(inplace_function<void()> callback);

/// Soft off (S5). Returns never: where there is no ACPI, the machine is reset, which ends QEMU with -no-reboot.
[[noreturn]] void power_off();
[[noreturn]] void reboot();

}  // namespace osv::devices::acpi
