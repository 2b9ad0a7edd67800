// Demand paging: what happens when the program, or the kernel on its behalf, touches a page that is not there.
#include <cstring>

#include "arch/x86_64/registers.hh"
#include "arch/x86_64/tsc.hh"
#include "base/refault_watch.hh"
#include "mapping/address_space.hh"
#include "memory/translations.hh"
#include "trace/count.hh"

namespace osv::memory {

namespace {

namespace bit = arch::page_bit;

bool permitted(const mapping& m, const fault& f) {
  if (f.write) return m.protection & protection::write;
  if (f.execute) return m.protection & protection::execute;
  return m.protection != protection::none;
}

/// A 2 MiB page is worth it only while memory is plentiful.
bool memory_is_plentiful() { return free_bytes() > total_bytes() / 4 && free_bytes() > 4 * huge_page_size; }

frame& frame_in(arch::page_table_entry entry) { return frame_of(physical_address{entry & arch::entry_address_mask}); }

}  // namespace

bool address_space::try_huge(mapping& m, u64 address) {
  const u64 begin = align_down(address, huge_page_size);
  if (!m.huge_allowed || begin < m.begin || begin + huge_page_size > m.end || !memory_is_plentiful()) return false;
  auto entry = pages_.huge_entry(begin);
  // Tables under it mean that small pages are (or were) in use there.
  if (!entry.ok() || !*entry || **entry & bit::present) return false;
  auto block = allocate_frames(huge_order);
  if (!block.ok()) return false;
  std::memset((*block)->data(), 0, huge_page_size);
  pages_.install_huge(**entry, **block, entry_bits(m.protection));
  trace::count(trace::counter::page_faults_huge);
  return true;
}

fault_outcome address_space::fault_anonymous(mapping& m, const fault& f) {
  if (try_huge(m, f.address)) return fault_outcome::resolved;
  auto entry = pages_.entry(f.address);
  if (!entry.ok()) return fault_outcome::out_of_memory;
  if (!*entry) return fault_outcome::resolved;  // another thread put a 2 MiB page there
  auto zeroed = allocate_zeroed_frame();
  if (!zeroed.ok()) return fault_outcome::out_of_memory;
  pages_.install(**entry, **zeroed, entry_bits(m.protection), true);
  trace::count(trace::counter::page_faults_anonymous);
  return fault_outcome::resolved;
}

/// The page is there, but not with the rights that the access needs.
fault_outcome address_space::fault_present(mapping& m, const fault& f, arch::page_table_entry& entry) {
  const u64 page = align_down(f.address, page_size);
  if (!(entry & bit::present)) {
    // Kept through PROT_NONE and allowed again.
    entry = (entry & (arch::entry_address_mask | bit::copy_on_write)) | entry_bits(m.protection);
    if (entry & bit::copy_on_write) entry &= ~bit::writable;
    return fault_outcome::resolved;
  }
  if (f.write && !(entry & bit::writable)) {
    if (entry & bit::copy_on_write) {
      auto copy = allocate_frames(0);
      if (!copy.ok()) return fault_outcome::out_of_memory;
      std::memcpy((*copy)->data(), frame_in(entry).data(), page_size);
      pages_.replace(page, entry, **copy, entry_bits(m.protection));
      trace::count(trace::counter::page_faults_copy_on_write);
      return fault_outcome::resolved;
    }
    __atomic_store_n(&entry, entry | bit::writable, __ATOMIC_RELEASE);
  }
  // Else this CPU held an outdated translation.
  arch::invalidate_page(page);
  return fault_outcome::resolved;
}

fault_outcome address_space::fault_file(const fault& f) {
  // Three steps, because a backing may sleep and takes locks of its own: look, fetch, look again and install.
  ref<backing> source;
  u64 page_index;
  bool for_write;
  u32 cuts;
  {
    sync::mutex_guard g(mutex_);
    mapping* m = find(f.address);
    if (!m || !m->source || !permitted(*m, f)) return fault_outcome::resolved;  // changed meanwhile: fault again
    source = m->source;
    page_index = m->page_of(f.address);
    for_write = m->shared && f.write;
    cuts = source->cuts;
  }
  auto fetched = source->page(page_index, for_write);
  if (!fetched.ok()) return fetched.error() == errc::no_memory ? fault_outcome::out_of_memory : fault_outcome::bus_error;
  frame* page = *fetched;

  sync::mutex_guard g(mutex_);
  mapping* m = find(f.address);
  if (!m || !(m->source == source) || m->page_of(f.address) != page_index || source->cuts != cuts) {
    release(*page);
    return fault_outcome::resolved;
  }
  auto entry = pages_.entry(f.address);
  if (!entry.ok()) {
    release(*page);
    return fault_outcome::out_of_memory;
  }
  if (**entry & (bit::present | program_bit::kept)) {
    release(*page);
    const bool needs_upgrade = f.write && m->shared && for_write;
    if (needs_upgrade) {
      __atomic_store_n(*entry, **entry | bit::writable, __ATOMIC_RELEASE);
      arch::invalidate_page(align_down(f.address, page_size));
    }
    return fault_outcome::resolved;
  }
  trace::count(trace::counter::page_faults_file);
  const u64 bits = entry_bits(m->protection);
  if (m->shared) {
    // Writable only after a write told the backing: that is how it learns of dirty pages.
    pages_.install(**entry, *page, for_write ? bits : bits & ~bit::writable, false);
    return fault_outcome::resolved;
  }
  if (!f.write) {
    pages_.install(**entry, *page, (bits & ~bit::writable) | bit::copy_on_write, false);
    return fault_outcome::resolved;
  }
  auto copy = allocate_frames(0);
  if (!copy.ok()) {
    release(*page);
    return fault_outcome::out_of_memory;
  }
  std::memcpy((*copy)->data(), page->data(), page_size);
  release(*page);
  pages_.install(**entry, **copy, bits, true);
  trace::count(trace::counter::page_faults_copy_on_write);
  return fault_outcome::resolved;
}

fault_outcome address_space::handle_fault(const fault& f) {
  const u64 from = arch::timestamp(), refaults = file_refaults.refaults();
  const fault_outcome outcome = resolve_or_reclaim(f);
  const u64 to = arch::timestamp();
  trace::record(trace::histogram::page_fault_latency, arch::ticks_to_nanoseconds(to - from));
  if (file_refaults.refaults() == refaults) [[likely]] return outcome;
  const bool starved = file_refaults.stalled(arch::ticks_to_nanoseconds(from), arch::ticks_to_nanoseconds(to),
                                             statistics().page_cache_bytes / page_size);
  return starved ? fault_outcome::starved : outcome;
}

fault_outcome address_space::resolve_or_reclaim(const fault& f) {
  for (unsigned attempts = 0;; ++attempts) {
    const fault_outcome outcome = resolve_fault(f);
    // Allocations above were made with the mutex held: only now file pages can be taken out of the tables.
    constexpr unsigned attempts_max = 8;
    constexpr usize reclaim_size = 64 * page_size;
    if (outcome != fault_outcome::out_of_memory || attempts == attempts_max) return outcome;
    // Reclaim never waits for the mutex. Nothing found may mean that another thread held it: only after that one's turn is there none.
    if (!reclaim(reclaim_size)) sync::mutex_guard turn(mutex_);
  }
}

fault_outcome address_space::resolve_fault(const fault& f) {
  {
    sync::mutex_guard g(mutex_);
    mapping* m = find(f.address);
    if (!m) {
      trace::count(trace::counter::page_faults_invalid);
      return fault_outcome::not_mapped;
    }
    if (!permitted(*m, f)) {
      trace::count(trace::counter::page_faults_invalid);
      return fault_outcome::no_permission;
    }
    arch::page_table_entry* entry = pages_.existing_entry(f.address);
    if (entry && *entry & (bit::present | program_bit::kept)) {
      const bool tell_backing = f.write && m->shared && m->source && *entry & bit::present && !(*entry & bit::writable);
      if (!tell_backing) return fault_present(*m, f, *entry);
    } else if (!m->source) {
      return fault_anonymous(*m, f);
    }
  }
  return fault_file(f);
}

result<> address_space::populate(u64 begin, u64 size) {
  for (u64 at = begin; at < begin + size; at += page_size) {
    bool write;
    {
      sync::mutex_guard g(mutex_);
      mapping* m = find(at);
      if (!m || m->protection == protection::none) return fail(errc::no_memory);
      if (pages_.is_resident(at)) continue;
      write = m->protection & protection::write && !m->shared;
    }
    if (handle_fault({at, write, false}) != fault_outcome::resolved) return fail(errc::no_memory);
  }
  return {};
}

}  // namespace osv::memory
