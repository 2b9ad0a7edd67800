#include "devices/devices.hh"

#include "devices/acpi/acpi.hh"
#include "devices/panic_notifier.hh"
#include "devices/pci/pci.hh"
#include "devices/serial.hh"
#include "devices/virtio/device.hh"

namespace osv::devices {

void initialize(std::string_view command_line) {
  pci::enumerate();
  find_panic_notifier();
  virtio::probe_pci();
  virtio::probe_mmio(command_line);
  serial::start_input();
  acpi::start_events();
}

void flush_consoles(nanoseconds deadline) { virtio::flush_consoles(deadline); }

}  // namespace osv::devices
