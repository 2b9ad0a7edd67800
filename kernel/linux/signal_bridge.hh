// What system calls outside the signal family ask of signals.
#pragma once

#include "base/result.hh"

namespace osv::linux_abi {

/// ppoll(2), pselect(2), epoll_pwait(2): replaces the calling thread's mask until the call is over and what it let in was
/// delivered. nullptr leaves the mask as it is. EINVAL for a wrong size, EFAULT.
result<> apply_temporary_mask(const void* mask, usize size);

}  // namespace osv::linux_abi
