// Moves the kernel: chooses where the areas of its half lie, maps the image there and corrects the addresses in it. Runs on the
// identity map, before the image's own addresses are right: nothing here may follow a pointer that the linker wrote.
#include "base/kernel_placement.hh"

#include "arch/x86_64/early_random.hh"
#include "arch/x86_64/page_table.hh"
#include "arch/x86_64/registers.hh"
#include "base/memory.hh"
#include "base/relocations.hh"
#include "boot/command_line.hh"
#include "boot/start_info.hh"

extern "C" {
extern osv::u8 kernel_start[], kernel_end[];
extern const osv::u64 relocations_start[], relocations_end[];
extern osv::u64 boot_pml4[], boot_page_directory[], boot_pdpt_map[], boot_pdpt_image[], boot_image_directory[], boot_image_tables[];
}

namespace osv::arch {
/// Among the constants: nothing writes it once the page tables are built.
[[gnu::section(".data.rel.ro.areas")]] constinit kernel_areas areas{};
}  // namespace osv::arch

namespace osv::boot {

namespace {

using arch::table_index;

constexpr u64 table_bits = arch::page_bit::present | arch::page_bit::writable;

unsigned physical_address_bits() {
  return arch::cpuid(0x80000000).a >= 0x80000008 ? arch::cpuid(0x80000008).a & 0xff : 36;
}

/// Returns how many random bits the image's address has; 0: it stays where it was linked.
unsigned choose(u64 image_size, bool move, kernel_placement& out) {
  const placement_range map = placement::physical_map(physical_address_bits());
  const placement_range stacks = placement::stacks(arch::stack_area_size);
  const placement_range image = placement::image(image_size);
  if (!move) {
    out = {map.begin, stacks.begin, arch::kernel_link_address};
    return 0;
  }
  arch::early_random random;
  out = {map.place(random.next()), stacks.place(random.next()), image.place(random.next())};
  return random.bits() < image.bits() ? random.bits() : image.bits();
}

/// Adds to the boot page tables what the kernel's own will replace: the first GiB in the physical map, and the image.
void map(const kernel_placement& placement, u64 physical, u64 size) {
  const auto entry = [](const u64* table) { return reinterpret_cast<u64>(table) | table_bits; };
  boot_pml4[table_index(placement.physical_map, 4)] = entry(boot_pdpt_map);
  boot_pdpt_map[table_index(placement.physical_map, 3)] = entry(boot_page_directory);
  boot_pml4[table_index(placement.image, 4)] = entry(boot_pdpt_image);
  boot_pdpt_image[table_index(placement.image, 3)] = entry(boot_image_directory);
  const u64 first_table = table_index(placement.image, 2);
  for (u64 offset = 0; offset < size; offset += page_size) {
    const u64 address = placement.image + offset;
    u64* table = boot_image_tables + (table_index(address, 2) - first_table) * arch::table_entries;
    boot_image_directory[table_index(address, 2)] = entry(table);
    table[table_index(address, 1)] = (physical + offset) | table_bits;
  }
}

}  // namespace

/// Called by boot.S with the physical address of the start information; returns how much higher than here the kernel goes on.
extern "C" u64 place_kernel(u64 start_info) {
  const u64 physical = reinterpret_cast<u64>(kernel_start);
  const u64 size = align_up(static_cast<u64>(kernel_end - kernel_start), page_size);
  kernel_placement placement;
  const unsigned bits = choose(size, !has_word(early_command_line(start_info), "nokaslr"), placement);
  arch::areas = {.physical_map = placement.physical_map,
                 .stacks = placement.stacks,
                 .image_to_physical = placement.image - physical,
                 .image_moved = placement.image - arch::kernel_link_address,
                 .image_random_bits = static_cast<u8>(bits)};
  apply_relocations({relocations_start, relocations_end}, kernel_start, arch::kernel_link_address, placement.image - arch::kernel_link_address);
  map(placement, physical, size);
  return placement.image - physical;
}

}  // namespace osv::boot
