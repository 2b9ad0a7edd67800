// Walking and changing page tables.
#pragma once

#include "arch/x86_64/page_table.hh"
#include "base/function.hh"
#include "base/result.hh"
#include "memory/frame_allocator.hh"

namespace osv::memory {

/// Final kernel tables: physical map (2 MiB or 1 GiB pages, no execute), kernel image with W^X in 4 KiB pages, no identity map.
void build_kernel_page_table(const physical_range* ram, usize count, u64 low_end, function_ref<u64()> take_page);
/// Adds or drops the identity map of the first 2 MiB, which starting processors need for a moment.
void set_low_identity_map(bool present);

/// The entry of `level` (1: 4 KiB, 2: 2 MiB) for `address`; creates missing tables when `create`. nullptr when a table is
/// missing (or, for level 1, when a huge page is in the way). ENOMEM only with `create`.
result<arch::page_table_entry*> entry_for(u64 root, u64 address, unsigned level, bool create);

/// Physical address behind a mapped kernel address.
physical_address translate(u64 address);

bool is_mapped(u64 address);

/// Maps one page at a kernel address.
result<> map_kernel_page(u64 address, physical_address frame, u64 bits);
void unmap_kernel_page(u64 address);

struct protection_report {
  u64 pages_checked = 0;
  u64 writable_and_executable = 0;
  bool null_page_mapped = false;
};
/// Walks the live tables (reliability.md, W^X): kernel half only, or the program's half too.
protection_report check_protection(bool program_half);

}  // namespace osv::memory
