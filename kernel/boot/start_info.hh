// What the loader tells the kernel: PVH's hvm_start_info (Xen public headers, arch-x86/hvm/start_info.h).
#pragma once

#include <span>
#include <string_view>

#include "memory/frame_allocator.hh"

namespace osv::boot {

struct start_information {
  static constexpr usize ranges_max = 64;

  memory::physical_range ram[ranges_max] = {};
  usize ram_count = 0;
  memory::physical_range reserved[ranges_max] = {};  // inside RAM, but in use: modules, the structures themselves
  usize reserved_count = 0;
  physical_address acpi_root{};                 // 0: unknown
  std::string_view command_line;                // in the physical map
  std::span<const u8> module;                   // the first module (initrd); empty if none
};

/// The command line alone, before there are page tables of the kernel's own: physical addresses are addresses. Empty if there is none.
std::string_view early_command_line(u64 physical);

/// Reads the structures at `physical`. The boot page tables must map them.
void read_start_information(u64 physical, start_information& out);

}  // namespace osv::boot
