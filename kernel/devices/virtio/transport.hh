// How a virtio device is reached (virtio 1.2, chapter 4): over PCI or memory-mapped registers.
#pragma once

#include <string_view>

#include "arch/interrupts.hh"
#include "arch/x86_64/ports.hh"
#include "base/memory.hh"
#include "base/result.hh"

namespace osv::devices::virtio {

/// Device types (chapter 5).
enum class device_type : u32 { network = 1, block = 2, console = 3, entropy = 4, balloon = 5 };

/// Device status bits (2.1).
namespace status {
constexpr u8 acknowledge = 1, driver = 2, driver_ok = 4, features_ok = 8, needs_reset = 64, failed = 128;
}

/// Where a queue is notified: one store.
struct doorbell {
  volatile void* at = nullptr;
  u32 value = 0;
  bool wide = false;  // 32 bits
  void ring() const {
    if (wide)
      arch::write_register<u32>(at, value);
    else
      arch::write_register<u16>(at, static_cast<u16>(value));
  }
};

/// Physical addresses of the three parts of a queue.
struct queue_addresses {
  u64 descriptors;
  u64 available;
  u64 used;
};

class transport : pinned {
 public:
  virtual ~transport() = default;
  device_type type() const { return type_; }
  /// For messages: "pci 02:00.0", "mmio feb00000".
  virtual std::string_view place() const = 0;

  virtual u64 device_features() = 0;
  virtual void set_driver_features(u64 features) = 0;
  virtual u8 get_status() = 0;
  virtual void set_status(u8 value) = 0;

  /// A source of interrupts on `cpu` that queues may share. ENOSPC when the device has no more.
  virtual result<u16> attach_interrupt(unsigned cpu, arch::interrupt_handler handler) = 0;

  /// 0: there is no such queue.
  virtual u16 queue_size(u16 queue) = 0;
  /// Gives the device a queue, with an interrupt from attach_interrupt() or no_interrupt.
  static constexpr u16 no_interrupt = 0xffff;
  virtual result<doorbell> enable_queue(u16 queue, u16 size, const queue_addresses& addresses, u16 interrupt) = 0;

  /// Reads the device's configuration, untorn (4.1.4.3.2, 4.2.2.2). Bytes beyond its end are zero.
  void read_configuration(u32 offset, void* into, u32 size);
  template <typename T>
  T configuration(u32 offset) {
    T value{};
    read_configuration(offset, &value, sizeof value);
    return value;
  }

 protected:
  virtual u32 configuration_generation() = 0;
  virtual u8 configuration_byte(u32 offset) = 0;
  virtual u32 configuration_word(u32 offset) = 0;

  device_type type_{};
};

}  // namespace osv::devices::virtio
