// What boot/ calls, in this order:
//   serial::initialize_early()                     first of all (devices/serial.hh)
//   acpi::initialize(rsdp)                         once the physical map covers the tables (devices/acpi/acpi.hh)
//   acpi::initialize_interrupt_controllers()       once memory::map_device works
//   sched::initialize_clock({entry, acpi::power_management_timer_port(), acpi::century_register()}), arch::timer_initialize()
//   devices::initialize(command line)              in a thread, with interrupts and all CPUs on
//   collect_entropy(deadline)                      when random bytes are needed (devices/entropy.hh)
#pragma once

#include <string_view>

#include "base/types.hh"

namespace osv::devices {

/// Finds and starts every device: PCI, virtio over PCI and memory-mapped, serial input, ACPI events, pvpanic. A device that
/// does not start is logged and left alone. Network devices are registered; the stack starts them.
void initialize(std::string_view command_line);

/// Before power-off: waits until the host has taken every byte written to console ports; at most until `deadline`.
void flush_consoles(nanoseconds deadline);

}  // namespace osv::devices
