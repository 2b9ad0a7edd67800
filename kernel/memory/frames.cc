#include "memory/frames.hh"

#include <cstring>

#include "arch/cpu.hh"
#include "arch/x86_64/page_table.hh"
#include "base/failure_injection.hh"
#include "lock/spin_lock.hh"
#include "log/log.hh"
#include "memory/frame_allocator.hh"
#include "memory/page_table.hh"
#include "trace/count.hh"

extern "C" osv::u8 kernel_start[], text_end[], rodata_end[], kernel_end[];

namespace osv::memory {

namespace {

frame* frames;        // one descriptor a page frame, index = address / 4096
u64 frame_count;
u64 total_pages;

struct buddy_lists {
  list<frame, &frame::hook> free[order_max + 1];
  u64 free_pages = 0;
};

lock::irq_spin_lock buddy_lock{lock::rank::frames};
alignas(buddy_lists) u8 buddy_storage[sizeof(buddy_lists)];
buddy_lists& buddy() { return *reinterpret_cast<buddy_lists*>(buddy_storage); }

/// Single pages kept by each CPU: the common case touches no shared line. Used with interrupts off.
struct page_cache_of_cpu {
  static constexpr unsigned capacity = 64;
  static constexpr unsigned batch = 16;
  unsigned count = 0;
  frame* pages[capacity] = {};
};
constinit arch::per_cpu<page_cache_of_cpu> cached_pages;

std::atomic<i64> usages[static_cast<usize>(usage::count)];

constexpr unsigned reclaimers_max = 8;
reclaimer reclaimers[reclaimers_max];
unsigned reclaimer_count;

u64 index_of(const frame& f) { return static_cast<u64>(&f - frames); }

void put_free(frame& f, unsigned order) {
  f.order = static_cast<u8>(order);
  f.free = true;
  buddy().free[order].push_front(f);
}

/// Returns the block to the lists, merged with its buddies. buddy_lock is held.
void free_block(frame* f, unsigned order) {
  buddy().free_pages += 1ull << order;
  u64 index = index_of(*f);
  while (order < order_max) {
    const u64 other = index ^ (1ull << order);
    if (other + (1ull << order) > frame_count || !frames[other].free || frames[other].order != order) break;
    frames[other].hook.unlink();
    frames[other].free = false;
    index &= ~(1ull << order);
    ++order;
  }
  put_free(frames[index], order);
}

/// buddy_lock is held.
frame* take_block(unsigned order) {
  unsigned have = order;
  while (have <= order_max && buddy().free[have].empty()) ++have;
  if (have > order_max) return nullptr;
  frame* f = buddy().free[have].pop_front();
  f->free = false;
  while (have > order) {
    --have;
    put_free(frames[index_of(*f) + (1ull << have)], have);
  }
  f->order = static_cast<u8>(order);
  buddy().free_pages -= 1ull << order;
  return f;
}

frame* take_single() {
  arch::interrupt_guard guard;
  page_cache_of_cpu& cache = cached_pages.local();
  if (cache.count == 0) {
    lock::guard g(buddy_lock);
    while (cache.count < page_cache_of_cpu::batch) {
      frame* f = take_block(0);
      if (!f) break;
      cache.pages[cache.count++] = f;
    }
    if (cache.count == 0) return nullptr;
  }
  return cache.pages[--cache.count];
}

void give_single(frame& f) {
  arch::interrupt_guard guard;
  page_cache_of_cpu& cache = cached_pages.local();
  if (cache.count == page_cache_of_cpu::capacity) {
    lock::guard g(buddy_lock);
    for (unsigned i = 0; i < page_cache_of_cpu::batch; ++i) free_block(cache.pages[--cache.count], 0);
  }
  cache.pages[cache.count++] = &f;
}

frame* take(unsigned order) {
  if (order == 0) return take_single();
  lock::guard g(buddy_lock);
  return take_block(order);
}

}  // namespace

physical_address frame::address() const { return physical_address{index_of(*this) << page_shift}; }
void* frame::data() const { return to_virtual(address()); }

result<frame*> allocate_frames(unsigned order) {
  ASSERT(order <= order_max);
  if (inject::fails(inject::point::allocation)) [[unlikely]] {
    trace::count(trace::counter::allocation_failures);
    return fail(errc::no_memory);
  }
  frame* f = take(order);
  if (!f && arch::preemption_enabled() && arch::interrupts_enabled()) {
    // Reclaim sleeps, so it is for callers that may. A large block is not worth a storm of evictions.
    for (unsigned i = 0; i < reclaimer_count && !f; ++i)
      if (reclaimers[i](page_size << (order < 4 ? order + 4 : order)) > 0) f = take(order);
  }
  if (!f) {
    trace::count(trace::counter::allocation_failures);
    return fail(errc::no_memory);
  }
  DEBUG_ASSERT(f->references.load(std::memory_order_relaxed) == 0);
  f->references.store(1, std::memory_order_relaxed);
  f->owner = nullptr;
  f->owner_tag = 0;
  return f;
}

result<frame*> allocate_zeroed_frame() {
  frame* f = TRY(allocate_frames(0));
  std::memset(f->data(), 0, page_size);
  return f;
}

void retain(frame& f) {
  DEBUG_ASSERT(f.references.load(std::memory_order_relaxed) != 0);
  f.references.fetch_add(1, std::memory_order_relaxed);
}

void release(frame& f) {
  // acq_rel: writes of all former holders come before the frame's reuse.
  const u32 before = f.references.fetch_sub(1, std::memory_order_acq_rel);
  if (before == 0) [[unlikely]]
    panic("double free of a page frame");
  if (before != 1) return;
  if (f.order == 0) return give_single(f);
  lock::guard g(buddy_lock);
  free_block(&f, f.order);
}

void split(frame& block) {
  const u64 count = 1ull << block.order;
  const u32 references = block.references.load(std::memory_order_relaxed);
  for (u64 i = 0; i < count; ++i) {
    frame& f = (&block)[i];
    f.order = 0;
    f.free = false;
    f.owner = nullptr;
    f.owner_tag = 0;
    f.references.store(references, std::memory_order_relaxed);
  }
}

frame& frame_of(physical_address address) {
  DEBUG_ASSERT(to_u64(address) >> page_shift < frame_count);
  return frames[to_u64(address) >> page_shift];
}
frame& frame_of_data(const void* pointer) { return frame_of(to_physical(pointer)); }

void* to_virtual(physical_address address) { return reinterpret_cast<void*>(arch::areas.physical_map + to_u64(address)); }

physical_address to_physical(const void* pointer) {
  const u64 address = reinterpret_cast<u64>(pointer);
  if (address >= reinterpret_cast<u64>(kernel_start)) return physical_address{address - arch::areas.image_to_physical};
  if (address >= arch::areas.stacks) return translate(address);
  ASSERT(address >= arch::areas.physical_map);
  return physical_address{address - arch::areas.physical_map};
}

void account(usage what, i64 bytes) { usages[static_cast<usize>(what)].fetch_add(bytes, std::memory_order_relaxed); }

void register_reclaimer(reclaimer r) {
  ASSERT(reclaimer_count < reclaimers_max);
  reclaimers[reclaimer_count++] = r;
}

usize reclaim(usize bytes) {
  usize freed = 0;
  for (unsigned i = 0; i < reclaimer_count && freed < bytes; ++i) freed += reclaimers[i](bytes - freed);
  return freed;
}

u64 total_bytes() { return total_pages * page_size; }
u64 free_bytes() {
  u64 pages = buddy().free_pages;
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) pages += cached_pages[cpu].count;
  return pages * page_size;
}

frame_statistics statistics() {
  const auto of = [](usage u) { return static_cast<u64>(usages[static_cast<usize>(u)].load(std::memory_order_relaxed)); };
  return {total_bytes(),
          free_bytes(),
          of(usage::kernel_heap),
          of(usage::page_cache),
          of(usage::anonymous),
          of(usage::anonymous_huge),
          of(usage::page_tables),
          of(usage::thread_stacks),
          of(usage::network)};
}

// --- set-up ------------------------------------------------------------------------------------------------------

namespace {

/// Hands out pages between the kernel's end and the first reserved range above, before the allocator exists.
struct early_memory {
  u64 next, end;
  u64 take(u64 bytes) {
    const u64 at = align_up(next, page_size);
    if (at + bytes > end) panic("this machine has too little memory for OS^v; give it more");
    next = at + bytes;
    std::memset(to_virtual(physical_address{at}), 0, bytes);
    return at;
  }
};

bool overlaps(const physical_range& a, u64 begin, u64 end) { return a.begin < end && begin < a.end; }

}  // namespace

void initialize_frames(const physical_range* ram, usize ram_count, const physical_range* reserved, usize reserved_count) {
  new (buddy_storage) buddy_lists();
  const u64 kernel_first = reinterpret_cast<u64>(kernel_start) - arch::areas.image_to_physical;
  const u64 kernel_last = align_up(reinterpret_cast<u64>(kernel_end) - arch::areas.image_to_physical, page_size);

  u64 highest = 0, highest_low = 0;
  for (usize i = 0; i < ram_count; ++i) {
    if (ram[i].end > highest) highest = ram[i].end;
    if (ram[i].end <= 1ull << 32 && ram[i].end > highest_low) highest_low = ram[i].end;
  }
  frame_count = highest >> page_shift;

  early_memory early{kernel_last, 0};
  for (usize i = 0; i < ram_count; ++i)
    if (ram[i].begin <= kernel_first && ram[i].end >= kernel_last) early.end = ram[i].end;
  for (usize i = 0; i < reserved_count; ++i)
    if (reserved[i].begin >= kernel_last && reserved[i].begin < early.end) early.end = reserved[i].begin;
  if (early.end > 1ull << 30) early.end = 1ull << 30;  // what the boot page tables map

  const u64 descriptors = early.take(frame_count * sizeof(frame));
  frames = static_cast<frame*>(to_virtual(physical_address{descriptors}));

  // Firmware tables often lie just below the top of low memory, in a reserved range: the physical map covers them too.
  build_kernel_page_table(ram, ram_count, align_up(highest_low, huge_page_size), [&early] { return early.take(page_size); });

  for (usize i = 0; i < ram_count; ++i) {
    u64 begin = align_up(ram[i].begin, page_size);
    const u64 end = align_down(ram[i].end, page_size);
    if (begin < 1ull << 20) begin = 1ull << 20;  // firmware's and the trampoline's
    for (u64 page = begin; page < end; page += page_size) {
      if (page >= kernel_first && page < early.next) {
        page = align_up(early.next, page_size) - page_size;
        continue;
      }
      bool usable = true;
      for (usize r = 0; r < reserved_count && usable; ++r)
        if (overlaps(reserved[r], page, page + page_size)) usable = false;
      if (!usable) continue;
      // The largest aligned block that fits and touches nothing reserved.
      unsigned order = order_max;
      for (; order > 0; --order) {
        const u64 size = page_size << order;
        if (!is_aligned(page, size) || page + size > end) continue;
        if (overlaps({kernel_first, early.next}, page, page + size)) continue;
        bool clear = true;
        for (usize r = 0; r < reserved_count && clear; ++r)
          if (overlaps(reserved[r], page, page + size)) clear = false;
        if (clear) break;
      }
      free_block(&frames[page >> page_shift], order);
      total_pages += 1ull << order;
      page += (page_size << order) - page_size;
    }
  }
}

}  // namespace osv::memory
