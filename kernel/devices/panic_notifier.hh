// pvpanic: tells the host that the guest has panicked (QEMU docs/specs/pvpanic).
#pragma once

namespace osv::devices {

/// Looks for the device, on ISA and PCI. Called by initialize().
void find_panic_notifier();
/// Tells the host; nothing happens where there is no such device. For the panic path: no locks, no memory.
void notify_panic();

}  // namespace osv::devices
