// Futexes (futex(2)): waiting on a word of the program's memory.
#pragma once

#include "base/result.hh"

namespace osv::linux_abi {

/// Waits while *address == expected, until woken with a mask that meets `bits`, or `deadline` (CLOCK_MONOTONIC).
/// EAGAIN: the word differs; ETIMEDOUT; restart: a signal came; EFAULT.
result<> futex_wait(u64 address, u32 expected, u32 bits, nanoseconds deadline);
/// Wakes up to `count` waiters whose mask meets `bits`; returns how many.
i64 futex_wake(u64 address, u32 count, u32 bits);
/// Wakes `wake` waiters and moves up to `move` of the others to `target`. With `compare`, EAGAIN unless *address == expected.
result<i64> futex_requeue(u64 address, u64 target, u32 wake, u32 move, bool compare, u32 expected);
/// FUTEX_WAKE_OP.
result<i64> futex_wake_op(u64 address, u64 second, u32 wake, u32 wake_second, u32 operation);

}  // namespace osv::linux_abi
