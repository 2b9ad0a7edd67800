// Page-table entries (SDM volume 3, 4.5). No user bit anywhere: everything runs in ring 0.
#pragma once

#include "base/types.hh"

namespace osv::arch {

using page_table_entry = u64;

namespace page_bit {
constexpr u64 present = 1, writable = 2, write_through = 8, cache_disable = 16, accessed = 32, dirty = 64, huge = 128, global = 256;
/// Software bits: ignored by the processor.
constexpr u64 copy_on_write = 1ull << 9;
constexpr u64 no_execute = 1ull << 63;
}  // namespace page_bit

constexpr u64 entry_address_mask = 0x000ffffffffff000;
constexpr u64 huge_entry_address_mask = 0x000fffffffe00000;

constexpr unsigned table_entries = 512;
/// Index into the table of `level` (4: root … 1: pages of 4 KiB).
constexpr unsigned table_index(u64 address, unsigned level) { return address >> (12 + 9 * (level - 1)) & 511; }

/// Where the kernel's half begins: its lowest area is the map of all physical memory.
constexpr u64 kernel_half_begin = 0xffff800000000000;

/// Where the image begins when it is not moved (kernel.ld).
constexpr u64 kernel_link_address = 0xffffffff80100000;

/// The areas of the kernel's half, in the order of their addresses. Chosen anew at each boot, before any other code runs
/// (boot/placement.cc), and read-only from the kernel's page tables on.
struct kernel_areas {
  u64 physical_map;     // address of physical address 0
  u64 stacks;           // kernel stacks with their guard pages
  u64 image_to_physical;  // to be subtracted from an address in the image
  u64 image_moved;      // distance from where the image was linked
  u8 image_random_bits;  // of what an attacker has to guess; 0: not moved
};
extern kernel_areas areas;

constexpr u64 stack_area_size = 1ull << 36;

}  // namespace osv::arch
