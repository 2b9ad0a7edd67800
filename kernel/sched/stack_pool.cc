#include "sched/stack_pool.hh"

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
  u64 next_slot = 0;
};
lock::guarded<pool, lock::irq_spin_lock> stacks{lock::rank::heap};

result<u64> map_new_stack() {
  const u64 slot = stacks.with([](pool& p) { return p.next_slot++; });
  if (slot >= slots_max) return fail(errc::again);
  const u64 bottom = arch::stack_area_base + slot * slot_size + page_size;
  for (u64 at = bottom; at < bottom + kernel_stack_size; at += page_size) {
    memory::frame* f = TRY(memory::allocate_frames(0));
    TRY(memory::map_kernel_page(at, f->address(), arch::page_bit::writable | arch::page_bit::no_execute));
  }
  memory::account(memory::usage::thread_stacks, kernel_stack_size);
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

bool is_stack_guard(u64 address) {
  if (address < arch::stack_area_base || address >= arch::stack_area_base + arch::stack_area_size) return false;
  return (address - arch::stack_area_base) % slot_size < page_size;
}

}  // namespace osv::sched
