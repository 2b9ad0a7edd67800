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

/// The kernel's map of all physical memory, and the kernel image.
constexpr u64 physical_map_base = 0xffff800000000000;
constexpr u64 kernel_image_base = 0xffffffff80000000;
/// Kernel stacks with their guard pages.
constexpr u64 stack_area_base = 0xffffc00000000000;
constexpr u64 stack_area_size = 1ull << 36;

}  // namespace osv::arch
