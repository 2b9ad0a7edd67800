// Walks the buses behind bridges and root ports, and offers what one function can do.
#include "arch/x86_64/ports.hh"
#include "base/vector.hh"
#include "devices/pci/configuration.hh"
#include "log/log.hh"
#include "memory/frames.hh"

namespace osv::devices::pci {
namespace {

// Type 0 and type 1 headers (PCI Local Bus 3.0, 6.1; PCI-to-PCI Bridge 1.2, 3.2).
constexpr u16 offset_vendor = 0x00, offset_command = 0x04, offset_status = 0x06, offset_revision = 0x08,
              offset_header_type = 0x0e, offset_bar = 0x10, offset_secondary_bus = 0x19, offset_capabilities = 0x34;
constexpr u16 command_memory = 1u << 1, command_master = 1u << 2, command_no_legacy_interrupt = 1u << 10;
constexpr u16 status_capabilities = 1u << 4;
constexpr u16 no_vendor = 0xffff;
constexpr u8 header_multifunction = 0x80, header_bridge = 1;
constexpr u8 class_bridge = 0x06, subclass_pci_bridge = 0x04;

constexpr unsigned capabilities_max = 48;  // as many as fit in 192 bytes: the bound that ends loops
constexpr usize functions_max = 512;

// Made at boot, never freed.
vector<function*>* functions = nullptr;

// PCI Express 5.0, 7.5.3.2: port types 4 (root) and 6 (downstream) lead to a link with device 0 alone.
bool has_single_device_below(const function& bridge) {
  const u8 at = bridge.find_capability(capability_express);
  if (!at) return false;
  const unsigned type = bridge.read16(at + 2) >> 4 & 15;
  return type == 4 || type == 6;
}

void scan_bus(u8 bus, unsigned devices);

void scan_function(location where) {
  if (read_configuration(where, offset_vendor, 2) == no_vendor || functions->size() == functions_max) return;
  function* f = new (std::nothrow) function(where);
  if (!f || !functions->push_back(f).ok()) {
    log::error("pci: no memory for {:02x}:{:02x}.{}", where.bus, where.device, where.function);
    delete f;
    return;
  }
  if ((f->read8(offset_header_type) & 0x7f) == header_bridge && f->class_code() == class_bridge && f->subclass() == subclass_pci_bridge) {
    const u8 below = f->read8(offset_secondary_bus);
    // Numbers grow on the way down, so the walk ends. 0: the firmware left the bridge alone.
    if (below > where.bus && below <= last_bus()) scan_bus(below, has_single_device_below(*f) ? 1 : 32);
  }
}

void scan_bus(u8 bus, unsigned devices) {
  for (u8 device = 0; device < devices; ++device) {
    const location first{bus, device, 0};
    if (read_configuration(first, offset_vendor, 2) == no_vendor) continue;
    const bool several = read_configuration(first, offset_header_type, 1) & header_multifunction;
    for (u8 i = 0; i < (several ? 8 : 1); ++i) scan_function({bus, device, i});
  }
}

}  // namespace

function::function(location where)
    : where_(where) {
  const u32 identity = read32(offset_vendor);
  vendor_ = static_cast<u16>(identity);
  device_ = static_cast<u16>(identity >> 16);
  const u32 kind = read32(offset_revision);
  class_code_ = static_cast<u8>(kind >> 24);
  subclass_ = static_cast<u8>(kind >> 16);
}

u8 function::read8(u16 offset) const { return static_cast<u8>(read_configuration(where_, offset, 1)); }
u16 function::read16(u16 offset) const { return static_cast<u16>(read_configuration(where_, offset, 2)); }
u32 function::read32(u16 offset) const { return read_configuration(where_, offset, 4); }
void function::write8(u16 offset, u8 value) const { write_configuration(where_, offset, value, 1); }
void function::write16(u16 offset, u16 value) const { write_configuration(where_, offset, value, 2); }
void function::write32(u16 offset, u32 value) const { write_configuration(where_, offset, value, 4); }

u8 function::find_capability(u8 id, u8 after) const {
  if (!(read16(offset_status) & status_capabilities)) return 0;
  u8 at = after ? read8(after + 1) : read8(offset_capabilities);
  for (unsigned i = 0; i < capabilities_max; ++i) {
    at &= 0xfc;
    if (at < 0x40) return 0;
    const u16 header = read16(at);
    if ((header & 0xff) == id) return at;
    at = static_cast<u8>(header >> 8);
  }
  return 0;
}

u64 function::memory_address(unsigned bar) const {
  if (bar >= 6) return 0;
  const u32 low = read32(static_cast<u16>(offset_bar + bar * 4));
  if (low & 1) return 0;
  u64 address = low & ~0xfu;
  if ((low >> 1 & 3) == 2) {
    if (bar == 5) return 0;
    address |= static_cast<u64>(read32(static_cast<u16>(offset_bar + bar * 4 + 4))) << 32;
  }
  return address;
}

result<volatile u8*> function::map(unsigned bar, u32 offset, u32 size) {
  const u64 base = memory_address(bar);
  if (!base || size == 0) return fail(errc::no_such_device_or_address);
  const u64 start = align_down(base + offset, page_size);
  const u64 end = align_up(base + offset + size, page_size);
  if (mapped_ && start >= mapped_address_ && end <= mapped_address_ + mapped_size_) return mapped_ + (base + offset - mapped_address_);
  volatile u8* mapping = static_cast<volatile u8*>(TRY(memory::map_device(physical_address{start}, end - start)));
  mapped_ = mapping;
  mapped_address_ = start;
  mapped_size_ = end - start;
  return mapping + (base + offset - start);
}

void function::enable() const {
  write16(offset_command, read16(offset_command) | command_memory | command_master | command_no_legacy_interrupt);
}

// MSI-X (PCI Local Bus 3.0, 6.8.2): entries of address low, address high, data, vector control (bit 0: masked, as after reset).
result<u16> function::enable_message_interrupts() {
  const u8 at = find_capability(capability_msix);
  if (!at) return fail(errc::not_supported);
  const u16 control = read16(at + 2);
  const u32 table = read32(at + 4);
  message_entries_ = static_cast<u16>((control & 0x7ff) + 1);
  message_table_ = TRY(map(table & 7, table & ~7u, message_entries_ * 16u));
  write16(at + 2, static_cast<u16>((control & 0x3fff) | 0x8000));
  return message_entries_;
}

void function::set_message_interrupt(u16 entry, const arch::message_interrupt& message) {
  ASSERT(entry < message_entries_);
  volatile u8* at = message_table_ + entry * 16;
  arch::write_register<u32>(at + 0, static_cast<u32>(message.address));
  arch::write_register<u32>(at + 4, static_cast<u32>(message.address >> 32));
  arch::write_register<u32>(at + 8, message.data);
  arch::write_register<u32>(at + 12, 0);
}

void enumerate() {
  functions = new (std::nothrow) vector<function*>;
  if (!functions || !initialize_configuration_access()) return;
  scan_bus(0, 32);
  log::debug("pci: {} functions", functions->size());
}

usize function_count() { return functions ? functions->size() : 0; }
function& function_at(usize i) { return *(*functions)[i]; }

}  // namespace osv::devices::pci
