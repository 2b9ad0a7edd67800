#include "devices/panic_notifier.hh"

#include "arch/x86_64/ports.hh"
#include "devices/pci/pci.hh"

namespace osv::devices {
namespace {

constexpr u16 isa_port = 0x505;
constexpr u16 pci_vendor = 0x1b36, pci_device = 0x0011;
constexpr u8 event_panicked = 1;

constinit bool on_isa = false;
constinit volatile u8* registers = nullptr;

}  // namespace

void find_panic_notifier() {
  // Reads tell the events that the device knows; nothing there reads as all ones.
  const u8 events = arch::in8(isa_port);
  on_isa = events != 0xff && events & event_panicked;
  for (usize i = 0; i < pci::function_count(); ++i) {
    pci::function& f = pci::function_at(i);
    if (f.vendor() != pci_vendor || f.device() != pci_device) continue;
    f.enable();
    if (const result<volatile u8*> mapped = f.map(0, 0, 2); mapped.ok()) registers = mapped.value();
  }
}

void notify_panic() {
  if (on_isa) arch::out8(isa_port, event_panicked);
  if (registers) arch::write_register<u8>(registers, event_panicked);
}

}  // namespace osv::devices
