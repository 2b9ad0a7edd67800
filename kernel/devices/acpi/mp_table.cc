// Machines without ACPI (microvm with acpi=off, Firecracker): the MP table (Intel MultiProcessor Specification 1.4, chapter 4).
#include "devices/acpi/tables.hh"
#include "memory/frames.hh"

namespace osv::devices::acpi {
namespace {

constexpr u8 entry_processor = 0, entry_bus = 1, entry_io_apic = 2, entry_interrupt = 3;

bool parse_configuration(const table& t, findings& into) {
  u16 entries = t.read<u16>(34);
  u8 isa_bus = 0xff;
  for (u32 at = 44; entries > 0 && at < t.length(); --entries) {
    switch (t.read<u8>(at)) {
      case entry_processor:
        ++into.cpus_listed;
        if (t.read<u8>(at + 3) & 1) into.cpus.add({t.read<u8>(at + 1)});
        at += 20;
        continue;
      case entry_bus:
        if (t.has(at + 2, "ISA", 3)) isa_bus = t.read<u8>(at + 1);
        break;
      case entry_io_apic:
        if (t.read<u8>(at + 3) & 1) into.io_apics.add({physical_address{t.read<u32>(at + 4)}, 0});
        break;
      case entry_interrupt:
        // Only lines that do not map one to one need an entry of ours.
        if (t.read<u8>(at + 1) == 0 && t.read<u8>(at + 4) == isa_bus && t.read<u8>(at + 5) != t.read<u8>(at + 7))
          into.overrides.add({t.read<u8>(at + 5), t.read<u8>(at + 7), t.read<u16>(at + 2)});
        break;
      default:
        break;
    }
    at += 8;
  }
  return into.cpus.count > 0;
}

bool try_range(u64 from, u64 size, findings& into) {
  for (u64 at = from; at < from + size; at += 16) {
    const u8* pointer = static_cast<const u8*>(memory::to_virtual(physical_address{at}));
    if (memcmp(pointer, "_MP_", 4) != 0) continue;
    u32 address;
    memcpy(&address, pointer + 4, 4);
    if (address == 0 || address >= 0x100000) continue;
    const u8* data = static_cast<const u8*>(memory::to_virtual(physical_address{address}));
    if (memcmp(data, "PCMP", 4) != 0) continue;
    u16 length;
    memcpy(&length, data + 4, 2);
    return parse_configuration(table(data, length), into);
  }
  return false;
}

}  // namespace

bool parse_mp_table(findings& into) {
  return try_range(0x9fc00, 0x400, into) || try_range(0xf0000, 0x10000, into) || try_range(0xe0000, 0x10000, into);
}

}  // namespace osv::devices::acpi
