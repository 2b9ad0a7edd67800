// Set-up of the frame allocator; boot only.
#pragma once

#include "memory/frames.hh"

namespace osv::memory {

struct physical_range {
  u64 begin = 0, end = 0;  // bytes; end is exclusive
};

/// Takes over the machine's memory: `ram` are the usable ranges, `reserved` what must not be touched (kernel, modules,
/// tables of the firmware). Builds the physical map and the frame descriptors. Both arrays at most 64 entries.
void initialize_frames(const physical_range* ram, usize ram_count, const physical_range* reserved, usize reserved_count);
/// The root page table that all CPUs use.
u64 kernel_page_table();
/// Bytes that the allocator could hand out at the start.
u64 total_bytes();
u64 free_bytes();

}  // namespace osv::memory
