// Changes to ranges of the program's page tables, with the translations of all CPUs kept true. Callers hold the space's mutex.
#pragma once

#include "memory/frames.hh"
#include "memory/page_table.hh"

namespace osv::memory {

/// Entry kinds: present; or "kept": not present (PROT_NONE) but still holding its frame.
constexpr u16 anonymous_tag = 0xa707;  // frame::owner_tag of the program's anonymous memory
namespace program_bit {
constexpr u64 kept = 1ull << 10;
}

class page_operations : pinned {
 public:
  explicit page_operations(u64 root) : root_(root) {}

  u64 root() const { return root_; }
  u64 resident_bytes() const { return resident_pages_ * page_size; }

  /// The 4 KiB entry, creating tables. nullptr when a 2 MiB page is there.
  result<arch::page_table_entry*> entry(u64 address) { return entry_for(root_, address, 1, true); }
  /// The 4 KiB entry if its table exists, else nullptr.
  arch::page_table_entry* existing_entry(u64 address);
  /// The level-2 entry, creating tables.
  result<arch::page_table_entry*> huge_entry(u64 address) { return entry_for(root_, address, 2, true); }

  /// Writes an entry that was empty: no CPU can hold a translation of it.
  void install(arch::page_table_entry& entry, frame& f, u64 bits, bool anonymous);
  void install_huge(arch::page_table_entry& entry, frame& f, u64 bits);
  /// Replaces the frame of a present entry (copy on write), telling all CPUs; releases the old one.
  void replace(u64 address, arch::page_table_entry& entry, frame& f, u64 bits);

  /// Empties [begin, end) and gives the frames back. Splits 2 MiB pages at the borders; ENOMEM if that fails.
  result<> zap(u64 begin, u64 end);
  /// Applies `protection` (PROT_* bits). `private_pages`: pages without the copy-on-write mark may become writable at once.
  result<> protect(u64 begin, u64 end, u32 protection, bool private_pages);
  /// Moves every entry of [from, from + size) to `to`.
  result<> move(u64 from, u64 to, u64 size);
  /// Turns the 2 MiB page around `address` into 512 small ones, if there is one.
  result<> split_huge(u64 address);
  bool is_resident(u64 address);

 private:
  arch::page_table_entry* next_level2(u64& at);

  u64 root_;
  u64 resident_pages_ = 0;
};

/// The bits of a present entry for these PROT_* bits.
u64 entry_bits(u32 protection);

}  // namespace osv::memory
