// The parsers of single tables: pure functions over bytes that may be hostile.
#include "devices/acpi/tables.hh"

namespace osv::devices::acpi {
namespace {

constexpr u32 flag_enabled = 1;

// MADT entry types (ACPI 6.4, 5.2.12).
constexpr u8 madt_local_apic = 0, madt_io_apic = 1, madt_override = 2, madt_local_x2apic = 9;

// Resource descriptors (ACPI 6.4, 6.4.3).
constexpr u8 resource_memory_32_fixed = 0x86, resource_extended_interrupt = 0x89;

void add_cpu(findings& into, u32 apic_id) {
  for (const cpu& known : into.cpus.view())
    if (known.apic_id == apic_id) return;
  into.cpus.add({apic_id});
}

}  // namespace

void parse_madt(const table& madt, findings& into) {
  u32 at = 44;
  while (at + 2 <= madt.length()) {
    const u8 type = madt.read<u8>(at);
    const u8 length = madt.read<u8>(at + 1);
    if (length < 2 || length > madt.length() - at) break;
    switch (type) {
      case madt_local_apic:
        ++into.cpus_listed;
        if (madt.read<u32>(at + 4) & flag_enabled) add_cpu(into, madt.read<u8>(at + 3));
        break;
      case madt_local_x2apic:
        ++into.cpus_listed;
        if (madt.read<u32>(at + 8) & flag_enabled) add_cpu(into, madt.read<u32>(at + 4));
        break;
      case madt_io_apic:
        into.io_apics.add({physical_address{madt.read<u32>(at + 4)}, madt.read<u32>(at + 8)});
        break;
      case madt_override:
        into.overrides.add({madt.read<u8>(at + 3), madt.read<u32>(at + 4), madt.read<u16>(at + 8)});
        break;
      default:
        break;
    }
    at += length;
  }
}

void parse_mcfg(const table& mcfg, findings& into) {
  for (u32 at = table_header_size + 8; at + 16 <= mcfg.length(); at += 16) {
    const configuration_space space{physical_address{mcfg.read<u64>(at)}, mcfg.read<u16>(at + 8), mcfg.read<u8>(at + 10), mcfg.read<u8>(at + 11)};
    if (space.first_bus <= space.last_bus) into.configuration_spaces.add(space);
  }
}

void parse_virtio_windows(const table& dsdt, findings& into) {
  constexpr char hid[] = "LNRO0005";
  for (u32 at = dsdt.find(hid, 8); at < dsdt.length();) {
    const u32 next = dsdt.find(hid, 8, at + 8);
    virtio_window window{};
    // _CRS follows _HID within the same device; both descriptors have fixed sizes.
    for (u32 i = at; i < next && i < at + 160; ++i) {
      if (dsdt.read<u8>(i) == resource_memory_32_fixed && dsdt.read<u16>(i + 1) == 9) {
        window.address = physical_address{dsdt.read<u32>(i + 4)};
        window.size = dsdt.read<u32>(i + 8);
        i += 11;
      } else if (dsdt.read<u8>(i) == resource_extended_interrupt && dsdt.read<u8>(i + 4) == 1) {
        window.gsi = dsdt.read<u32>(i + 5);
        break;
      }
    }
    if (to_u64(window.address) && window.size && window.gsi) into.virtio_windows.add(window);
    at = next;
  }
}

bool find_soft_off(const table& dsdt, u8& type_a, u8& type_b) {
  for (u32 at = dsdt.find("_S5_", 4); at < dsdt.length(); at = dsdt.find("_S5_", 4, at + 4)) {
    u32 i = at + 4;
    if (dsdt.read<u8>(i) != 0x12) continue;  // PackageOp (ACPI 6.4, 20.2.5.4)
    ++i;
    i += (dsdt.read<u8>(i) >> 6) + 1;  // PkgLength: up to three further bytes
    const u8 elements = dsdt.read<u8>(i++);
    u8 values[2] = {};
    for (u8 n = 0; n < 2 && n < elements; ++n) {
      const u8 op = dsdt.read<u8>(i++);
      if (op == 0x0a) values[n] = dsdt.read<u8>(i++);  // BytePrefix
      else if (op == 0x0b) { values[n] = dsdt.read<u8>(i); i += 2; }
      else if (op == 0x0c) { values[n] = dsdt.read<u8>(i); i += 4; }
      else if (op == 0x01) values[n] = 1;
      else if (op != 0x00) break;
    }
    type_a = values[0] & 7;
    type_b = values[1] & 7;
    return true;
  }
  return false;
}

generic_address read_address(const table& t, u32 offset) {
  return {static_cast<generic_address::space>(t.read<u8>(offset)), t.read<u64>(offset + 4)};
}

}  // namespace osv::devices::acpi
