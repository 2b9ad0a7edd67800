// Futexes that are locks (futex(2), priority-inheritance futexes): the kernel knows the owner by the word and passes the lock on.
//
// All threads are scheduled fairly, so there is no priority to inherit and waiters are served in order, as Linux does with threads
// of its fair policies.
#pragma once

#include "linux/futex.hh"

namespace osv::linux_abi {

/// What a lock's word holds beside the owner's thread id (linux/futex.h).
namespace lock_word {
constexpr u32 waiters = 0x80000000, owner_died = 0x40000000, owner_mask = 0x3fffffff;
}  // namespace lock_word

/// FUTEX_LOCK_PI, FUTEX_LOCK_PI2 with a `deadline` (CLOCK_MONOTONIC). EDEADLK: the caller has it; ESRCH: nobody has, but the word
/// names somebody; ETIMEDOUT; restart_always: a signal came; EFAULT.
result<> futex_lock(const futex_word& word, nanoseconds deadline);
/// FUTEX_TRYLOCK_PI. EAGAIN: somebody else has it; the others as above.
result<> futex_try_lock(const futex_word& word);
/// FUTEX_UNLOCK_PI. EPERM: the caller does not have it; EFAULT.
result<> futex_unlock(const futex_word& word);
/// Passes on the locks of a thread that leaves its process.
void pass_locks_of_dead(u32 owner);

}  // namespace osv::linux_abi
