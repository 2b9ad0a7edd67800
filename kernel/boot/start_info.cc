#include "boot/start_info.hh"

#include <cstring>

namespace osv::boot {

namespace {

struct hvm_start_info {
  u32 magic, version, flags, module_count;
  u64 modules, command_line, rsdp, memory_map;
  u32 memory_map_count, reserved;
};

struct hvm_module {
  u64 address, size, command_line, reserved;
};

struct hvm_memory_range {
  u64 address, size;
  u32 type, reserved;
};

constexpr u32 start_info_magic = 0x336ec578;
constexpr u32 type_ram = 1;
constexpr u64 identity_map_end = 1ull << 30;  // boot.S

template <typename T>
const T* at(u64 physical) {
  return static_cast<const T*>(memory::to_virtual(physical_address{physical}));
}

void reserve(start_information& out, u64 begin, u64 size) {
  if (!size || out.reserved_count == start_information::ranges_max) return;
  out.reserved[out.reserved_count++] = {align_down(begin, page_size), align_up(begin + size, page_size)};
}

}  // namespace

std::string_view early_command_line(u64 physical) {
  const auto* info = reinterpret_cast<const hvm_start_info*>(physical);
  if (info->magic != start_info_magic || !info->command_line || info->command_line >= identity_map_end) return {};
  return reinterpret_cast<const char*>(info->command_line);
}

void read_start_information(u64 physical, start_information& out) {
  const auto* info = at<hvm_start_info>(physical);
  if (info->magic != start_info_magic) panic("the loader gave no PVH start information");
  if (info->version < 1 || info->memory_map_count == 0) panic("the loader gave no memory map (PVH version 0)");
  reserve(out, physical, sizeof *info);
  const auto* map = at<hvm_memory_range>(info->memory_map);
  reserve(out, info->memory_map, info->memory_map_count * sizeof *map);
  for (u32 i = 0; i < info->memory_map_count && out.ram_count < start_information::ranges_max; ++i)
    if (map[i].type == type_ram && map[i].size) out.ram[out.ram_count++] = {map[i].address, map[i].address + map[i].size};
  if (info->command_line) {
    out.command_line = at<char>(info->command_line);
    reserve(out, info->command_line, out.command_line.size() + 1);
  }
  const auto* modules = at<hvm_module>(info->modules);
  if (info->module_count) reserve(out, info->modules, info->module_count * sizeof *modules);
  for (u32 i = 0; i < info->module_count; ++i) {
    reserve(out, modules[i].address, modules[i].size);
    if (i == 0) out.module = {at<u8>(modules[i].address), modules[i].size};
  }
  out.acpi_root = physical_address{info->rsdp};
}

}  // namespace osv::boot
