// What every virtio driver does alike: status, features, queues (virtio 1.2, 3.1).
#pragma once

#include "devices/virtio/split_ring.hh"
#include "devices/virtio/transport.hh"

namespace osv::devices::virtio {

/// Feature bits that belong to no device type (chapter 6).
namespace feature {
constexpr u64 indirect_descriptors = 1ull << 28, event_index = 1ull << 29, version_1 = 1ull << 32;
}

/// Resets the device and agrees on the features of `wanted` that it offers (the ones above are added).
/// ENODEV when it is older than virtio 1.0, EIO when it refuses.
result<u64> negotiate(transport& t, u64 wanted);
/// The device may work from here on.
void set_ready(transport& t);
/// Gives the device up: marks it failed and says so once.
void give_up(transport& t, const char* reason);

/// A ring with its memory and doorbell. Not locked: the driver does that.
class queue : pinned {
 public:
  /// At most `size_wanted` entries; room for at least `indirect_tables` long chains where the device takes such tables.
  /// `interrupt` from transport::attach_interrupt(). ENODEV: the device has no such queue.
  static result<unique<queue>> create(transport& t, u16 index, u16 size_wanted, u64 features, u16 interrupt, u16 indirect_tables = 0);

  split_ring& ring() { return *ring_; }
  /// Publishes what was added and notifies the device if it wants that.
  void flush() {
    if (ring_->publish()) doorbell_.ring();
  }
  /// As flush(), in two halves: the doorbell costs an exit to the host and needs no lock.
  bool publish() { return ring_->publish(); }
  void notify() { doorbell_.ring(); }

 private:
  queue() = default;
  unique<split_ring> ring_;
  doorbell doorbell_;
};

/// Drivers, one a file. Each takes the transport over; a failure is logged by the caller.
result<> start_block_device(unique<transport> t);
result<> start_network_device(unique<transport> t);
result<> start_console(unique<transport> t);
result<> start_entropy_device(unique<transport> t);

/// Waits until every byte written to every console port has been taken by the host, at most until `deadline`.
void flush_consoles(nanoseconds deadline);

/// Finds the devices on PCI and starts their drivers.
void probe_pci();
/// Finds the devices with memory-mapped registers: announced by ACPI or on the command line
/// (`virtio_mmio.device=512@0xfeb00000:5`), else in microvm's fixed window.
void probe_mmio(std::string_view command_line);
/// Picks the driver for a device; ENODEV when there is none (it is left reset).
result<> start_driver(unique<transport> t);

}  // namespace osv::devices::virtio
