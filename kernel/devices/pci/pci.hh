// PCI and PCI Express functions: configuration space, base address registers, capabilities, MSI-X (PCI Local Bus 3.0).
#pragma once

#include "arch/interrupts.hh"
#include "base/memory.hh"
#include "base/result.hh"
#include "base/types.hh"

namespace osv::devices::pci {

struct location {
  u8 bus;
  u8 device;
  u8 function;
};

constexpr u8 capability_msix = 0x11, capability_vendor = 0x09, capability_express = 0x10;

class function : pinned {
 public:
  explicit function(location where);

  location where() const { return where_; }
  u16 vendor() const { return vendor_; }
  u16 device() const { return device_; }
  u8 class_code() const { return class_code_; }
  u8 subclass() const { return subclass_; }

  u8 read8(u16 offset) const;
  u16 read16(u16 offset) const;
  u32 read32(u16 offset) const;
  void write8(u16 offset, u8 value) const;
  void write16(u16 offset, u16 value) const;
  void write32(u16 offset, u32 value) const;

  /// Offset of the next capability `id` behind `after` (0: the first); 0 if there is none. Loops end.
  u8 find_capability(u8 id, u8 after = 0) const;

  /// Physical address of a memory BAR; 0 when it is a port BAR, unassigned, or the upper half of another.
  u64 memory_address(unsigned bar) const;
  /// Registers at `offset` in BAR `bar`, mapped uncached. ENXIO for a port or unassigned BAR.
  result<volatile u8*> map(unsigned bar, u32 offset, u32 size);

  /// Memory decoding and bus mastering on, legacy interrupt off.
  void enable() const;

  /// MSI-X table: finds and maps it, switches MSI-X on; all entries are masked. Number of entries.
  result<u16> enable_message_interrupts();
  void set_message_interrupt(u16 entry, const arch::message_interrupt& message);

 private:
  location where_;
  u16 vendor_;
  u16 device_;
  u8 class_code_;
  u8 subclass_;
  u16 message_entries_ = 0;
  volatile u8* message_table_ = nullptr;
  // The last mapping made: the structures of one device mostly share a BAR.
  u64 mapped_address_ = 0;
  u64 mapped_size_ = 0;
  volatile u8* mapped_ = nullptr;
};

/// Finds every function on every bus that the firmware numbered. Configuration space is reached through memory where the
/// MCFG table tells of it, else through ports 0xcf8 and 0xcfc.
void enumerate();
usize function_count();
function& function_at(usize i);

}  // namespace osv::devices::pci
