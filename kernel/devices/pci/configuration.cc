#include "devices/pci/configuration.hh"

#include "arch/x86_64/ports.hh"
#include "devices/acpi/acpi.hh"
#include "lock/spin_lock.hh"
#include "log/log.hh"
#include "memory/frames.hh"

namespace osv::devices::pci {
namespace {

constexpr u16 port_address = 0xcf8, port_data = 0xcfc;
constexpr u64 bus_size = 1024 * 1024;  // 32 devices of 8 functions of 4 KiB
constexpr unsigned functions_per_bus = 256;

enum class access : u8 { none, ports, memory };
constinit access how = access::none;
constinit acpi::configuration_space space{};
// A function's page is mapped (into the physical map) when it is first touched: most of the 65,536 never are.
constinit u64 mapped[256][functions_per_bus / 64]{};
constinit lock::irq_spin_lock port_lock{lock::rank::leaf};

volatile u8* registers(location where, u16 offset) {
  if (where.bus < space.first_bus || where.bus > space.last_bus) return nullptr;
  const unsigned number = static_cast<unsigned>(where.device << 3 | where.function);
  const physical_address page = space.base + (where.bus - space.first_bus) * bus_size + number * page_size;
  u64& bits = mapped[where.bus][number / 64];
  if (!(bits >> number % 64 & 1)) {
    if (!memory::map_device(page, page_size).ok()) return nullptr;
    bits |= 1ull << number % 64;
  }
  return static_cast<volatile u8*>(memory::to_virtual(page)) + offset;
}

void select(location where, u16 offset) {
  arch::out32(port_address, 1u << 31 | static_cast<u32>(where.bus) << 16 | static_cast<u32>(where.device) << 11 |
                                static_cast<u32>(where.function) << 8 | (offset & 0xfc));
}

}  // namespace

bool initialize_configuration_access() {
  for (const acpi::configuration_space& candidate : acpi::configuration_spaces())
    if (candidate.segment == 0) {
      space = candidate;
      how = access::memory;
      return true;
    }
  // PCI Local Bus 3.0, 3.2.2.3.2: the address register reads back what was written.
  arch::out32(port_address, 1u << 31);
  if (arch::in32(port_address) == 1u << 31) how = access::ports;
  return how != access::none;
}

u8 last_bus() { return how == access::memory ? space.last_bus : 255; }

u32 read_configuration(location where, u16 offset, unsigned size) {
  if (how == access::memory) {
    const volatile u8* at = registers(where, offset);
    if (!at) return ~0u;
    if (size == 1) return arch::read_register<u8>(at);
    if (size == 2) return arch::read_register<u16>(at);
    return arch::read_register<u32>(at);
  }
  lock::guard guard(port_lock);
  select(where, offset);
  const u16 port = static_cast<u16>(port_data + (offset & 3));
  if (size == 1) return arch::in8(port);
  if (size == 2) return arch::in16(port);
  return arch::in32(port);
}

void write_configuration(location where, u16 offset, u32 value, unsigned size) {
  if (how == access::memory) {
    volatile u8* at = registers(where, offset);
    if (!at) return;
    if (size == 1)
      arch::write_register<u8>(at, static_cast<u8>(value));
    else if (size == 2)
      arch::write_register<u16>(at, static_cast<u16>(value));
    else
      arch::write_register<u32>(at, value);
    return;
  }
  lock::guard guard(port_lock);
  select(where, offset);
  const u16 port = static_cast<u16>(port_data + (offset & 3));
  if (size == 1)
    arch::out8(port, static_cast<u8>(value));
  else if (size == 2)
    arch::out16(port, static_cast<u16>(value));
  else
    arch::out32(port, value);
}

}  // namespace osv::devices::pci
