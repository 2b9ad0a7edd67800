// Taking clean file pages out of the program's page tables when memory is short, so that the page cache may drop them. The
// program meets a page fault when it wants one again.
#include "mapping/address_space.hh"
#include "memory/page_operations.hh"

namespace osv::memory {

namespace {

namespace bit = arch::page_bit;

/// Pages looked at in one call, at most: a bound on how long the mutex is held.
constexpr u64 visits_max = 65536;

/// A page of a file, not the program's own copy of one. The file system keeps what was written to a shared one.
bool belongs_to_file(arch::page_table_entry entry) {
  if (!(entry & bit::present)) return false;
  return frame_of(physical_address{entry & arch::entry_address_mask}).owner_tag != anonymous_tag;
}

}  // namespace

/// One sweep from the hand to the end of a mapping: unused pages go, used ones lose their mark (clock, second chance).
u64 address_space::sweep_mapping(mapping& m, u64 wanted, u64& visits) {
  u64 at = reclaim_hand_ > m.begin ? reclaim_hand_ : m.begin;
  u64 run = at, unmapped = 0;
  const auto end_run = [&](u64 next) {
    (void)pages_.zap(run, at);
    unmapped += (at - run) / page_size;
    run = next;
  };
  while (at < m.end && visits && unmapped + (at - run) / page_size < wanted) {
    arch::page_table_entry* entry = pages_.existing_entry(at);
    if (!entry) {
      const u64 next = align_down(at, huge_page_size) + huge_page_size;
      end_run(next);
      at = next;
      continue;
    }
    --visits;
    bool goes = belongs_to_file(*entry);
    // The processors may go on with a translation that they hold: a mark is missed then, no data.
    if (goes && *entry & bit::accessed) {
      __atomic_fetch_and(entry, ~bit::accessed, __ATOMIC_RELAXED);
      goes = false;
    }
    if (!goes) end_run(at + page_size);
    at += page_size;
  }
  if (at > m.end) at = m.end;
  if (run < at) end_run(at);
  reclaim_hand_ = at;
  return unmapped;
}

usize address_space::unmap_clean(usize bytes) {
  // Whoever is short of memory may hold the mutex itself.
  if (!mutex_.try_lock()) return 0;
  const u64 wanted = (bytes + page_size - 1) / page_size;
  u64 unmapped = 0, visits = visits_max;
  // Once to the end, once around: the marks are gone then.
  for (unsigned wraps = 0; wraps < 3 && unmapped < wanted && visits;) {
    mapping* m = first_above(reclaim_hand_);
    while (m && !m->source) m = mappings_.next(*m);
    if (!m) {
      reclaim_hand_ = 0;
      ++wraps;
      continue;
    }
    unmapped += sweep_mapping(*m, wanted - unmapped, visits);
  }
  mutex_.unlock();
  return unmapped * page_size;
}

}  // namespace osv::memory
