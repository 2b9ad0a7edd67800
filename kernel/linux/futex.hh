// Futexes (futex(2)): waiting on a word of the program's memory.
#pragma once

#include "base/result.hh"

namespace osv::linux_abi {

/// What a futex word is known by: its address, or, in a shared mapping of a file, its place in the file, because the same word may
/// be mapped at several addresses.
struct futex_key {
  u64 object = 0;  // 0: `place` is an address
  u64 place = 0;
  bool operator==(const futex_key&) const = default;
};
/// A word of the current process. `shared`: FUTEX_PRIVATE_FLAG is not set.
struct futex_word {
  u64 address;
  futex_key key;
  static futex_word at(u64 address, bool shared);
};

/// Waits while the word equals `expected`, until woken with a mask that meets `bits`, or `deadline` (CLOCK_MONOTONIC).
/// EAGAIN: the word differs; ETIMEDOUT; restart: a signal came; EFAULT.
result<> futex_wait(const futex_word& word, u32 expected, u32 bits, nanoseconds deadline);
/// Wakes up to `count` waiters whose mask meets `bits`; returns how many.
i64 futex_wake(const futex_word& word, u32 count, u32 bits);
/// Wakes `wake` waiters and moves up to `move` of the others to `target`. With `compare`, EAGAIN unless the word equals `expected`.
result<i64> futex_requeue(const futex_word& word, const futex_word& target, u32 wake, u32 move, bool compare, u32 expected);
/// FUTEX_WAKE_OP.
result<i64> futex_wake_op(const futex_word& word, const futex_word& second, u32 wake, u32 wake_second, u32 operation);

}  // namespace osv::linux_abi
