// Kernel stacks: 16 KiB with an unmapped guard page below. Freed stacks are kept mapped and used again. The interrupt stacks of
// the CPUs lie in the same area.
#pragma once

#include "sched/scheduler.hh"

namespace osv::sched {

constexpr usize kernel_stack_size = 16 * 1024;

/// Gives `t` a stack. kernel_stack_top is 8 bytes below a multiple of 16: a register frame of 168 bytes under it leaves the
/// stack aligned for a call (System V ABI).
result<> acquire_stack(thread& t);
/// A stack by its top (as kernel_stack_top), for idle threads.
result<u64> take_stack();
/// Takes it back; `t` never runs again.
void release_stack(thread& t);
/// Memory for arch::load_descriptors(): its guard pages are not mapped.
result<void*> take_cpu_tables();
/// True if `address` lies in a guard page of the stacks and tables given out here.
bool is_stack_guard(u64 address);

}  // namespace osv::sched
