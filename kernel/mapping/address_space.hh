// The program's half of the address space: mappings, page faults, and the page tables under them.
//
// Lock order: the space's mutex comes before everything in this layer; it is never held while a backing reads a page or while
// program memory is touched, because file reads hold their own locks when they touch program memory.
#pragma once

#include "base/tree.hh"
#include "memory/backing.hh"
#include "memory/page_operations.hh"
#include "sync/mutex.hh"

namespace osv::memory {

/// PROT_* of mmap(2).
namespace protection {
constexpr u32 none = 0, read = 1, write = 2, execute = 4;
}

struct mapping {
  tree_hook hook;
  u64 begin = 0, end = 0;     // page-aligned; end is exclusive
  u32 protection = 0;
  bool shared = false;
  bool stack = false;
  bool huge_allowed = true;   // madvise(MADV_NOHUGEPAGE)
  ref<backing> source;        // nullptr: anonymous
  u64 source_page = 0;        // page of `source` at `begin`
  const char* label = nullptr;  // "[heap]", "[stack]", "[vdso]"

  u64 page_of(u64 address) const { return source_page + (address - begin) / page_size; }
};

struct map_request {
  u64 hint = 0;
  u64 size = 0;               // bytes, rounded up to pages
  u32 protection = 0;
  bool shared = false;
  bool fixed = false;         // exactly at hint, replacing what is there
  bool fixed_no_replace = false;
  bool low_32_bits = false;   // MAP_32BIT
  bool stack = false;
  bool populate = false;
  ref<backing> source;
  u64 source_page = 0;
  const char* label = nullptr;
};

/// Why an access cannot be satisfied: becomes SIGSEGV (si_code SEGV_MAPERR or SEGV_ACCERR), SIGBUS, or the end of the program,
/// which has no memory or (starved) so little that it gets nowhere.
enum class fault_outcome : u8 { resolved, not_mapped, no_permission, bus_error, out_of_memory, starved };

struct fault {
  u64 address;
  bool write;
  bool execute;
};

/// Where a shared mapping's byte lies in its file; source 0: not in such a mapping.
struct shared_place {
  u64 source = 0;
  u64 offset = 0;
};

class address_space : pinned {
 public:
  static constexpr u64 lowest = 0x10000;  // vm.mmap_min_addr: the null page is never mapped
  static constexpr u64 highest = 0x0000'7fff'ffff'f000;

  address_space();

  result<u64> map(const map_request& request);
  result<> unmap(u64 begin, u64 size);
  result<> protect(u64 begin, u64 size, u32 protection);
  /// mremap(2): `flags` are MREMAP_MAYMOVE 1, MREMAP_FIXED 2, MREMAP_DONTUNMAP 4 (refused).
  result<u64> remap(u64 old_begin, u64 old_size, u64 new_size, u32 flags, u64 new_begin);
  /// Gives the memory back; later reads see zeroes or the file (MADV_DONTNEED, MADV_FREE).
  result<> discard(u64 begin, u64 size);
  result<> allow_huge(u64 begin, u64 size, bool allowed);
  /// mincore(2): one byte a page, bit 0 = resident.
  result<> residency(u64 begin, u64 size, u8* into);
  shared_place shared_place_of(u64 address);
  /// Is every page of the range mapped?
  bool is_mapped(u64 begin, u64 size);
  result<> populate(u64 begin, u64 size);
  /// brk(2): new end of the heap, or the old one when the request cannot be met.
  u64 set_break(u64 requested);
  void place_heap(u64 begin);
  void set_map_top(u64 top) { map_top_ = search_top_ = top; }
  /// Removes every mapping (execve, exit).
  void clear();

  fault_outcome handle_fault(const fault& f);
  /// Unmaps up to `bytes` of file pages that were not used lately; returns how many bytes. Never waits for the mutex.
  usize unmap_clean(usize bytes);
  /// Takes pages [first, end) of `source` out of every mapping. Called once it does not give them any more; a page that a fault was
  /// given before is not mapped later. `copies`: the program's own copies of them go, too (truncation, but no hole).
  void forget_pages(backing& source, u64 first, u64 end, bool copies);

  /// Calls f for each mapping in order of address, under the mutex: f must not touch program memory.
  void for_each(function_ref<void(const mapping&)> f);
  u64 mapped_bytes() const { return mapped_bytes_; }
  u64 resident_bytes() const { return pages_.resident_bytes(); }
  u64 root() const { return pages_.root(); }

 private:
  mapping* find(u64 address);
  /// First mapping that ends above `address`.
  mapping* first_above(u64 address);
  result<mapping*> split_at(mapping& m, u64 address);
  result<> isolate(u64 begin, u64 end);
  result<> unmap_locked(u64 begin, u64 end);
  result<u64> find_gap(const map_request& request, u64 size);
  mapping* gap_is_free(u64 begin, u64 end);
  void insert(mapping& m);
  void try_merge(mapping& m);
  fault_outcome resolve_or_reclaim(const fault& f);
  fault_outcome resolve_fault(const fault& f);
  u64 sweep_mapping(mapping& m, u64 wanted, u64& visits);
  fault_outcome fault_anonymous(mapping& m, const fault& f);
  fault_outcome fault_file(const fault& f);
  fault_outcome fault_present(mapping& m, const fault& f, arch::page_table_entry& entry);
  bool try_huge(mapping& m, u64 address);

  struct by_address {
    bool operator()(const mapping& a, const mapping& b) const { return a.begin < b.begin; }
  };

  sync::mutex mutex_;
  tree<mapping, &mapping::hook, by_address> mappings_;
  mapping* last_found_ = nullptr;
  page_operations pages_;
  u64 heap_begin_ = 0, heap_end_ = 0;
  u64 map_top_ = highest;
  u64 search_top_ = highest;
  u64 reclaim_hand_ = 0;  // where unmap_clean goes on
  u64 mapped_bytes_ = 0;
  u64 map_count_ = 0;
  static constexpr u64 map_count_max = 262144;
};

}  // namespace osv::memory
