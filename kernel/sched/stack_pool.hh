// Kernel stacks: 16 KiB with an unmapped guard page below. Freed stacks are kept mapped and used again.
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
/// True if `address` lies in the guard page below some kernel stack.
bool is_stack_guard(u64 address);

}  // namespace osv::sched
