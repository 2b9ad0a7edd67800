#include "memory/page_table.hh"

#include <cstring>

#include "arch/x86_64/features.hh"
#include "arch/x86_64/registers.hh"
#include "lock/spin_lock.hh"

extern "C" osv::u8 kernel_start[], text_end[], rodata_end[], kernel_end[];

namespace osv::memory {

namespace {

using arch::page_table_entry;
namespace bit = arch::page_bit;

u64 root_address;
lock::spin_lock kernel_map_lock{lock::rank::frames};

page_table_entry* table_at(u64 physical) { return static_cast<page_table_entry*>(to_virtual(physical_address{physical})); }

/// Descends from `root` to the table of `level`, making tables with `take_page`; during set-up only.
page_table_entry* early_table(u64 address, unsigned level, function_ref<u64()>& take_page) {
  page_table_entry* table = table_at(root_address);
  for (unsigned at = 4; at > level; --at) {
    page_table_entry& entry = table[arch::table_index(address, at)];
    if (!(entry & bit::present)) entry = take_page() | bit::present | bit::writable;
    table = table_at(entry & arch::entry_address_mask);
  }
  return table;
}

void map_physical(u64 begin, u64 end, function_ref<u64()>& take_page) {
  constexpr u64 gigabyte = 1ull << 30;
  constexpr u64 bits = bit::present | bit::writable | bit::huge | bit::global | bit::no_execute | bit::accessed | bit::dirty;
  begin = align_down(begin, huge_page_size);
  for (u64 at = begin; at < end;) {
    const u64 address = arch::areas.physical_map + at;
    if (arch::features.gigabyte_pages && is_aligned(at, gigabyte) && at + gigabyte <= end && at >= gigabyte) {
      early_table(address, 3, take_page)[arch::table_index(address, 3)] = at | bits;
      at += gigabyte;
    } else {
      early_table(address, 2, take_page)[arch::table_index(address, 2)] = at | bits;
      at += huge_page_size;
    }
  }
}

u64 image_bits(u64 address) {
  u64 bits = bit::present | bit::global | bit::accessed | bit::dirty;
  if (address >= reinterpret_cast<u64>(text_end)) bits |= bit::no_execute;
  if (address >= reinterpret_cast<u64>(rodata_end)) bits |= bit::writable;
  return bits;
}

}  // namespace

void build_kernel_page_table(const physical_range* ram, usize count, u64 low_end, function_ref<u64()> take_page) {
  root_address = take_page();
  map_physical(0, low_end, take_page);
  for (usize i = 0; i < count; ++i)
    if (ram[i].begin >= low_end) map_physical(ram[i].begin, ram[i].end, take_page);

  const u64 image_end = align_up(reinterpret_cast<u64>(kernel_end), page_size);
  for (u64 address = reinterpret_cast<u64>(kernel_start); address < image_end; address += page_size) {
    const u64 physical = address - arch::areas.image_to_physical;
    early_table(address, 1, take_page)[arch::table_index(address, 1)] = physical | image_bits(address);
    // The alias in the physical map must not be a writable door to the kernel, whose place a leak of the map's would tell: in
    // 4 KiB pages, read-only.
    const u64 alias = arch::areas.physical_map + physical;
    page_table_entry& entry = early_table(alias, 2, take_page)[arch::table_index(alias, 2)];
    if (entry & bit::huge) {
      const u64 base = entry & arch::huge_entry_address_mask;
      const u64 page = take_page();
      for (u64 i = 0; i < arch::table_entries; ++i)
        table_at(page)[i] = (base + i * page_size) | (entry & ~(arch::huge_entry_address_mask | bit::huge));
      entry = page | bit::present | bit::writable;
    }
    table_at(entry & arch::entry_address_mask)[arch::table_index(alias, 1)] &= ~bit::writable;
  }
  // Roots of the areas that grow later exist from the start.
  early_table(arch::areas.stacks, 3, take_page);
  arch::write_cr3(root_address);
}

u64 kernel_page_table() { return root_address; }

void set_low_identity_map(bool present) {
  static u64 pages[2];
  page_table_entry* root = table_at(root_address);
  if (present) {
    for (u64& page : pages) page = to_u64((*allocate_zeroed_frame())->address());
    table_at(pages[1])[0] = bit::present | bit::writable | bit::huge;
    table_at(pages[0])[0] = pages[1] | bit::present | bit::writable;
    root[0] = pages[0] | bit::present | bit::writable;
  } else {
    root[0] = 0;
    arch::flush_tlb();
    for (u64 page : pages) release(frame_of(physical_address{page}));
  }
}

result<page_table_entry*> entry_for(u64 root, u64 address, unsigned level, bool create) {
  page_table_entry* table = table_at(root);
  for (unsigned at = 4; at > level; --at) {
    page_table_entry& entry = table[arch::table_index(address, at)];
    if (!(entry & bit::present)) {
      if (!create) return static_cast<page_table_entry*>(nullptr);
      frame* f = TRY(allocate_zeroed_frame());
      account(usage::page_tables, page_size);
      entry = to_u64(f->address()) | bit::present | bit::writable | bit::accessed;
    } else if (entry & bit::huge) {
      return static_cast<page_table_entry*>(nullptr);
    }
    table = table_at(entry & arch::entry_address_mask);
  }
  return &table[arch::table_index(address, level)];
}

physical_address translate(u64 address) {
  page_table_entry* table = table_at(root_address);
  for (unsigned level = 4;; --level) {
    const page_table_entry entry = table[arch::table_index(address, level)];
    ASSERT(entry & bit::present);
    if (level == 1 || entry & bit::huge) {
      const u64 offset_mask = (1ull << (12 + 9 * (level - 1))) - 1;
      return physical_address{(entry & arch::entry_address_mask & ~offset_mask) | (address & offset_mask)};
    }
    table = table_at(entry & arch::entry_address_mask);
  }
}

bool is_mapped(u64 address) {
  const page_table_entry* table = table_at(root_address);
  for (unsigned level = 4;; --level) {
    const page_table_entry entry = table[arch::table_index(address, level)];
    if (!(entry & bit::present)) return false;
    if (level == 1 || entry & bit::huge) return true;
    table = table_at(entry & arch::entry_address_mask);
  }
}

result<> map_kernel_page(u64 address, physical_address target, u64 bits) {
  lock::guard g(kernel_map_lock);
  page_table_entry* entry = TRY(entry_for(root_address, address, 1, true));
  ASSERT(entry);
  *entry = to_u64(target) | bits | bit::present | bit::accessed | bit::dirty | bit::global;
  return {};
}

void unmap_kernel_page(u64 address) {
  lock::guard g(kernel_map_lock);
  auto entry = entry_for(root_address, address, 1, false);
  if (entry.ok() && *entry) **entry = 0;
  arch::invalidate_page(address);
}

result<void*> map_device(physical_address address, usize size) {
  const u64 begin = align_down(to_u64(address), page_size);
  const u64 end = align_up(to_u64(address) + size, page_size);
  for (u64 page = begin; page < end; page += page_size) {
    const u64 target = arch::areas.physical_map + page;
    lock::guard g(kernel_map_lock);
    auto entry = entry_for(root_address, target, 1, true);
    if (!entry.ok()) return fail(entry.error());
    if (!*entry) continue;  // inside memory that the physical map covers with large pages (firmware tables)
    if (**entry & bit::present) continue;
    **entry = page | bit::present | bit::writable | bit::cache_disable | bit::write_through | bit::no_execute | bit::accessed |
              bit::dirty | bit::global;
  }
  return to_virtual(address);
}

namespace {

void check_table(u64 table_address, unsigned level, unsigned first, unsigned last, u64 base, protection_report& report) {
  page_table_entry* table = table_at(table_address);
  for (unsigned i = first; i < last; ++i) {
    const page_table_entry entry = table[i];
    if (!(entry & bit::present)) continue;
    const u64 address = base + (static_cast<u64>(i) << (12 + 9 * (level - 1)));
    if (level > 1 && !(entry & bit::huge)) {
      check_table(entry & arch::entry_address_mask, level - 1, 0, arch::table_entries, address, report);
      continue;
    }
    ++report.pages_checked;
    if (address == 0) report.null_page_mapped = true;
    if (entry & bit::writable && !(entry & bit::no_execute)) ++report.writable_and_executable;
  }
}

}  // namespace

protection_report check_protection(bool program_half) {
  protection_report report;
  check_table(root_address, 4, 256, 512, 0, report);
  if (program_half) check_table(root_address, 4, 0, 256, 0, report);
  return report;
}

}  // namespace osv::memory
