// Finds the tables in memory and keeps what they say.
#include "devices/acpi/tables.hh"

#include "arch/x86_64/io_apic.hh"
#include "arch/x86_64/local_apic.hh"
#include "log/log.hh"
#include "memory/frames.hh"

namespace osv::devices::acpi {

constinit findings found{};

namespace {

// No table of a sane machine is larger; a length beyond it is damage.
constexpr u32 table_size_max = 1024 * 1024;

bool checksum_holds(const u8* data, u32 length) {
  u8 sum = 0;
  for (u32 i = 0; i < length; ++i) sum = static_cast<u8>(sum + data[i]);
  return sum == 0;
}

table table_at(physical_address address) {
  if (to_u64(address) == 0) return {};
  const u8* data = static_cast<const u8*>(memory::to_virtual(address));
  u32 length;
  memcpy(&length, data + 4, 4);
  if (length < table_header_size || length > table_size_max || !checksum_holds(data, length)) {
    log::warning("acpi: the table at {:x} is damaged", to_u64(address));
    return {};
  }
  return {data, length};
}

bool is_rsdp(const u8* at) { return memcmp(at, "RSD PTR ", 8) == 0 && checksum_holds(at, 20); }

// ACPI 6.4, 5.2.5.1: the first KiB of the extended BIOS data area, then 0xe0000 to 0xfffff, on 16-byte boundaries.
physical_address search_rsdp() {
  const auto search = [](u64 from, u64 size) -> u64 {
    for (u64 at = from; at < from + size; at += 16)
      if (is_rsdp(static_cast<const u8*>(memory::to_virtual(physical_address{at})))) return at;
    return 0;
  };
  u16 segment;
  memcpy(&segment, memory::to_virtual(physical_address{0x40e}), 2);
  u64 at = 0;
  if (segment >= 0x8000 && segment < 0xa000) at = search(static_cast<u64>(segment) << 4, 1024);
  if (!at) at = search(0xe0000, 0x20000);
  return physical_address{at};
}

void read_table(physical_address address) {
  const table t = table_at(address);
  if (!t) return;
  if (t.has(0, "APIC", 4)) {
    parse_madt(t, found);
  } else if (t.has(0, "FACP", 4)) {
    found.fadt = t;
    const u64 extended = t.read<u64>(140);
    found.dsdt = table_at(physical_address{extended ? extended : t.read<u32>(40)});
    parse_virtio_windows(found.dsdt, found);
  } else if (t.has(0, "MCFG", 4)) {
    parse_mcfg(t, found);
  }
}

bool read_all(physical_address rsdp) {
  const u8* root = static_cast<const u8*>(memory::to_virtual(rsdp));
  if (!is_rsdp(root)) return false;
  const table pointer(root, 36);
  const bool extended = pointer.read<u8>(15) >= 2 && pointer.read<u64>(24);
  const table directory = table_at(physical_address{extended ? pointer.read<u64>(24) : pointer.read<u32>(16)});
  if (!directory) return false;
  const u32 width = extended ? 8 : 4;
  for (u32 at = table_header_size; at + width <= directory.length(); at += width)
    read_table(physical_address{extended ? directory.read<u64>(at) : directory.read<u32>(at)});
  return true;
}

}  // namespace

void initialize(physical_address rsdp) {
  if (to_u64(rsdp) == 0) rsdp = search_rsdp();
  found.available = to_u64(rsdp) && read_all(rsdp);
  if (found.cpus.count == 0 && !parse_mp_table(found)) log::warning("acpi: no table names the processors; using one");
  if (found.io_apics.count == 0) found.io_apics.add({physical_address{0xfec00000}, 0});
}

bool available() { return found.available; }
std::span<const cpu> cpus() { return found.cpus.view(); }
u32 cpus_listed() { return found.cpus_listed; }
std::span<const io_apic> io_apics() { return found.io_apics.view(); }
std::span<const configuration_space> configuration_spaces() { return found.configuration_spaces.view(); }
std::span<const virtio_window> virtio_windows() { return found.virtio_windows.view(); }

u16 power_management_timer_port() {
  const generic_address extended = read_address(found.fadt, 208);
  if (extended.address && extended.where == generic_address::space::port) return static_cast<u16>(extended.address);
  return static_cast<u16>(found.fadt.read<u32>(76));
}
u8 century_register() { return found.fadt.read<u8>(108); }

result<> initialize_interrupt_controllers() {
  arch::local_apic_initialize(TRY(memory::map_device(physical_address{arch::local_apic_base()}, page_size)));
  arch::local_apic_enable();
  if (found.cpus.count == 0) found.cpus.add({arch::local_apic_id()});
  for (const io_apic& controller : io_apics()) arch::io_apic_add(TRY(memory::map_device(controller.address, page_size)), controller.gsi_base);
  prepare_power();
  return {};
}

interrupt_line resolve_isa_interrupt(unsigned irq) {
  for (const override& o : found.overrides.view()) {
    if (o.irq != irq) continue;
    // MPS INTI flags (ACPI 6.4, table 5.26): polarity in bits 0-1, trigger in 2-3; "as the bus does" is edge, high.
    return {o.gsi, (o.flags >> 2 & 3) == 3, (o.flags & 3) == 3};
  }
  return {irq, false, false};
}

result<> route_isa_interrupt(unsigned irq, arch::interrupt_handler handler) {
  const interrupt_line line = resolve_isa_interrupt(irq);
  return arch::route_global_interrupt(line.gsi, line.level, line.active_low, handler);
}

}  // namespace osv::devices::acpi
