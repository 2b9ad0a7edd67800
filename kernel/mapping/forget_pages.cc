// Taking pages that a file has no more out of the program's page tables: it was cut, or has a hole there now.
#include "mapping/address_space.hh"

namespace osv::memory {

namespace {

namespace bit = arch::page_bit;

/// Holds a page of a file, not the program's own copy of one.
bool is_of_file(arch::page_table_entry entry) {
  if (!(entry & (bit::present | program_bit::kept))) return false;
  return frame_of(physical_address{entry & arch::entry_address_mask}).owner_tag != anonymous_tag;
}

/// The file's pages in [begin, end), in runs: each run costs one flush of the processors' translations.
void zap_file_pages(page_operations& pages, u64 begin, u64 end) {
  u64 run = begin;
  for (u64 at = begin; at < end;) {
    arch::page_table_entry* entry = pages.existing_entry(at);
    if (entry && is_of_file(*entry)) {
      at += page_size;
      continue;
    }
    (void)pages.zap(run, at);
    at = entry ? at + page_size : align_down(at, huge_page_size) + huge_page_size;
    run = at;
  }
  if (run < end) (void)pages.zap(run, end);
}

}  // namespace

void address_space::forget_pages(backing& source, u64 first, u64 end, bool copies) {
  sync::mutex_guard g(mutex_);
  ++source.cuts;
  for (mapping* m = mappings_.first(); m; m = mappings_.next(*m)) {
    if (m->source.get() != &source) continue;
    const u64 from = first > m->source_page ? first : m->source_page;
    const u64 behind = m->page_of(m->end), to = end < behind ? end : behind;
    if (from >= to) continue;
    const u64 begin = m->begin + (from - m->source_page) * page_size, stop = m->begin + (to - m->source_page) * page_size;
    // Zapping fails where a large page has to be split: a mapping of a file has none.
    if (copies)
      (void)pages_.zap(begin, stop);
    else
      zap_file_pages(pages_, begin, stop);
  }
}

}  // namespace osv::memory
