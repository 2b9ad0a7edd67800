#include "sched/stack_pool.hh"

#include "arch/x86_64/descriptors.hh"
#include "arch/x86_64/page_table.hh"
#include "lock/spin_lock.hh"
#include "memory/frames.hh"
#include "memory/page_table.hh"

namespace osv::sched {

namespace {

constexpr u64 slot_size = kernel_stack_size + page_size;  // guard page first
constexpr u64 slots_max = arch::stack_area_size / slot_size;

/// A free stack holds the link to the next one in its first bytes.
struct pool {
  u64 free = 0;  // lowest usable address
};
lock::guarded<pool, lock::irq_spin_lock> stacks{lock::rank::heap};
constinit std::atomic<u64> slots_taken{0};

/// Address space behind an unmapped page. EAGAIN when the area is used up.
result<u64> take_slots(u64 count) {
  const u64 slot = slots_taken.fetch_add(count, std::memory_order_relaxed);
  if (slot + count > slots_max) {
    slots_taken.fetch_sub(count, std::memory_order_relaxed);
    return fail(errc::again);
  }
  return arch::areas.stacks + slot * slot_size + page_size;
}

result<> map_page(u64 at) {
  memory::frame* f = TRY(memory::allocate_frames(0));
  TRY(memory::map_kernel_page(at, f->address(), arch::page_bit::writable | arch::page_bit::no_execute));
  memory::account(memory::usage::thread_stacks, page_size);
  return {};
}

result<u64> map_new_stack() {
  const u64 bottom = TRY(take_slots(1));
  for (u64 at = bottom; at < bottom + kernel_stack_size; at += page_size) TRY(map_page(at));
  return bottom;
}

}  // namespace

result<u64> take_stack() {
  u64 bottom = stacks.with([](pool& p) {
    const u64 found = p.free;
    if (found) p.free = *reinterpret_cast<u64*>(found);
    return found;
  });
  if (!bottom) bottom = TRY(map_new_stack());
  return bottom + kernel_stack_size - 8;
}

result<> acquire_stack(thread& t) {
  t.kernel_stack_top = TRY(take_stack());
  return {};
}

void release_stack(thread& t) {
  const u64 bottom = t.kernel_stack_top + 8 - kernel_stack_size;
  t.kernel_stack_top = 0;
  stacks.with([bottom](pool& p) {
    *reinterpret_cast<u64*>(bottom) = p.free;
    p.free = bottom;
  });
}

result<void*> take_cpu_tables() {
  constexpr u64 pages = arch::cpu_tables_pages;
  const u64 bottom = TRY(take_slots((page_size + pages * page_size + slot_size - 1) / slot_size));
  for (u64 i = 0; i < pages; ++i)
    if (!arch::is_guard_page(i)) TRY(map_page(bottom + i * page_size));
  return reinterpret_cast<void*>(bottom);
}

bool is_stack_guard(u64 address) {
  const u64 end = arch::areas.stacks + slots_taken.load(std::memory_order_relaxed) * slot_size;
  return address >= arch::areas.stacks && address < end && !memory::is_mapped(address);
}

}  // namespace osv::sched
