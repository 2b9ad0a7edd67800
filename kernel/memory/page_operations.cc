#include "memory/page_operations.hh"

#include "memory/translations.hh"

namespace osv::memory {

using arch::page_table_entry;
namespace bit = arch::page_bit;

namespace {

constexpr u64 used = bit::present | program_bit::kept;

frame& frame_in(page_table_entry entry) { return frame_of(physical_address{entry & arch::entry_address_mask}); }

/// Frames taken out of the tables; they may be reused only after the flush.
class pending_frames {
 public:
  explicit pending_frames(u64 begin) : begin_(begin), end_(begin) {}
  ~pending_frames() { drain(); }
  void add(frame& f, u64 address, u64 size) {
    if (count_ == capacity) {
      drain();
      begin_ = address;
    }
    frames_[count_++] = &f;
    end_ = address + size;
  }
  void drain() {
    if (!count_) return;
    flush_translations(begin_, end_);
    while (count_) release(*frames_[--count_]);
  }

 private:
  static constexpr unsigned capacity = 128;
  frame* frames_[capacity];
  unsigned count_ = 0;
  u64 begin_, end_;
};

constexpr u64 table_span(unsigned level) { return 1ull << (12 + 9 * (level - 1)); }

}  // namespace

u64 entry_bits(u32 protection) {
  u64 bits = bit::present | bit::accessed | bit::dirty;
  if (protection & 2) bits |= bit::writable;
  if (!(protection & 4)) bits |= bit::no_execute;
  return bits;
}

page_table_entry* page_operations::existing_entry(u64 address) {
  auto entry = entry_for(root_, address, 1, false);
  return entry.ok() ? *entry : nullptr;
}

void page_operations::install(page_table_entry& entry, frame& f, u64 bits, bool anonymous) {
  __atomic_store_n(&entry, to_u64(f.address()) | bits, __ATOMIC_RELEASE);
  ++resident_pages_;
  if (anonymous) {
    f.owner_tag = anonymous_tag;
    account(usage::anonymous, page_size);
  }
}

void page_operations::install_huge(page_table_entry& entry, frame& f, u64 bits) {
  __atomic_store_n(&entry, to_u64(f.address()) | bits | bit::huge, __ATOMIC_RELEASE);
  resident_pages_ += huge_page_size / page_size;
  f.owner_tag = anonymous_tag;
  account(usage::anonymous_huge, huge_page_size);
}

void page_operations::replace(u64 address, page_table_entry& entry, frame& f, u64 bits) {
  frame& old = frame_in(entry);
  __atomic_store_n(&entry, to_u64(f.address()) | bits, __ATOMIC_RELEASE);
  f.owner_tag = anonymous_tag;
  account(usage::anonymous, page_size);
  flush_translations(address, address + page_size);
  release(old);
}

result<> page_operations::split_huge(u64 address) {
  page_table_entry* huge = nullptr;
  {
    auto found = entry_for(root_, address, 2, false);
    if (!found.ok() || !*found) return {};
    huge = *found;
  }
  if (!(*huge & bit::present) || !(*huge & bit::huge)) return {};
  frame* table = TRY(allocate_frames(0));
  account(usage::page_tables, page_size);
  frame& block = frame_in(*huge);
  const u64 bits = *huge & ~(arch::entry_address_mask | bit::huge);
  const u64 base = *huge & arch::huge_entry_address_mask;
  split(block);
  auto* entries = table->as<page_table_entry>();
  for (unsigned i = 0; i < arch::table_entries; ++i) {
    entries[i] = (base + i * page_size) | bits;
    (&block)[i].owner_tag = anonymous_tag;
  }
  account(usage::anonymous_huge, -static_cast<i64>(huge_page_size));
  account(usage::anonymous, huge_page_size);
  __atomic_store_n(huge, to_u64(table->address()) | bit::present | bit::writable | bit::accessed, __ATOMIC_RELEASE);
  const u64 begin = align_down(address, huge_page_size);
  flush_translations(begin, begin + huge_page_size);
  return {};
}

/// The entry for the 2 MiB at `at`; nullptr where there are no tables: then `at` is behind their absence, a whole table's span on.
page_table_entry* page_operations::next_level2(u64& at) {
  auto level3 = entry_for(root_, at, 3, false);
  if (!*level3 || !(**level3 & bit::present)) {
    at = align_down(at, table_span(*level3 ? 3 : 4)) + table_span(*level3 ? 3 : 4);
    return nullptr;
  }
  page_table_entry* level2 = *entry_for(root_, at, 2, false);
  if (*level2 & bit::present) return level2;
  at = align_down(at, table_span(2)) + table_span(2);
  return nullptr;
}

result<> page_operations::zap(u64 begin, u64 end) {
  if (begin >= end) return {};
  if (!is_aligned(begin, huge_page_size)) TRY(split_huge(begin));
  if (!is_aligned(end, huge_page_size)) TRY(split_huge(end));
  pending_frames pending(begin);
  for (u64 at = begin; at < end;) {
    page_table_entry* level2 = next_level2(at);
    if (!level2) continue;
    if (*level2 & bit::huge) {
      frame& f = frame_in(*level2);
      *level2 = 0;
      resident_pages_ -= huge_page_size / page_size;
      account(usage::anonymous_huge, -static_cast<i64>(huge_page_size));
      pending.add(f, at, huge_page_size);
      at += huge_page_size;
      continue;
    }
    auto* table = static_cast<page_table_entry*>(to_virtual(physical_address{*level2 & arch::entry_address_mask}));
    const u64 table_end = align_down(at, table_span(2)) + table_span(2);
    const u64 stop = end < table_end ? end : table_end;
    const bool whole = is_aligned(at, table_span(2)) && stop == table_end;
    for (; at < stop; at += page_size) {
      page_table_entry& entry = table[arch::table_index(at, 1)];
      if (!(entry & used)) continue;
      frame& f = frame_in(entry);
      entry = 0;
      --resident_pages_;
      if (f.owner_tag == anonymous_tag) account(usage::anonymous, -static_cast<i64>(page_size));
      pending.add(f, at, page_size);
    }
    if (whole) {
      // The table is empty: give it back, so that a later mapping may use 2 MiB pages.
      frame& f = frame_in(*level2);
      *level2 = 0;
      account(usage::page_tables, -static_cast<i64>(page_size));
      pending.add(f, stop - page_size, page_size);
    }
  }
  return {};
}

result<> page_operations::protect(u64 begin, u64 end, u32 protection, bool private_pages) {
  const u64 bits = entry_bits(protection);
  if (!is_aligned(begin, huge_page_size)) TRY(split_huge(begin));
  if (!is_aligned(end, huge_page_size)) TRY(split_huge(end));
  bool changed = false;
  for (u64 at = begin; at < end;) {
    page_table_entry* level2 = next_level2(at);
    if (!level2) continue;
    if (*level2 & bit::huge) {
      if (protection) {
        *level2 = (*level2 & arch::huge_entry_address_mask) | bits | bit::huge;
        changed = true;
        at += huge_page_size;
        continue;
      }
      TRY(split_huge(at));
    }
    const u64 table_end = align_down(at, table_span(2)) + table_span(2);
    for (; at < end && at < table_end; at += page_size) {
      page_table_entry* entry = existing_entry(at);
      if (!(*entry & used)) continue;
      u64 next = (*entry & (arch::entry_address_mask | bit::copy_on_write)) | bits;
      if (!private_pages || *entry & bit::copy_on_write) next &= ~bit::writable;
      if (!private_pages && *entry & bit::writable && protection & 2) next |= bit::writable;
      if (!protection) next = (next & ~bit::present) | program_bit::kept;
      if (next != *entry) {
        __atomic_store_n(entry, next, __ATOMIC_RELEASE);
        changed = true;
      }
    }
  }
  if (changed) flush_translations(begin, end);
  return {};
}

result<> page_operations::move(u64 from, u64 to, u64 size) {
  for (u64 done = 0; done < size;) {
    const u64 at = from + done;
    auto level2 = entry_for(root_, at, 2, false);
    if (!*level2 || !(**level2 & bit::present)) {
      done += align_down(at, huge_page_size) + huge_page_size - at;
      continue;
    }
    if (**level2 & bit::huge) {
      if (is_aligned(at, huge_page_size) && is_aligned(to + done, huge_page_size) && size - done >= huge_page_size) {
        page_table_entry* target = TRY(huge_entry(to + done));
        if (target && !(*target & bit::present)) {
          *target = **level2;
          **level2 = 0;
          done += huge_page_size;
          continue;
        }
      }
      TRY(split_huge(at));
    }
    page_table_entry* source = existing_entry(at);
    if (*source & used) {
      page_table_entry* target = TRY(entry(to + done));
      ASSERT(target && !(*target & used));
      *target = *source;
      *source = 0;
    }
    done += page_size;
  }
  flush_translations(from, from + size);
  return {};
}

bool page_operations::is_resident(u64 address) {
  auto level2 = entry_for(root_, address, 2, false);
  if (!*level2 || !(**level2 & bit::present)) return false;
  if (**level2 & bit::huge) return true;
  page_table_entry* entry = existing_entry(address);
  return entry && *entry & used;
}

}  // namespace osv::memory
