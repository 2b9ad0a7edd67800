// RLIMIT_* of getrlimit(2), by index in process::limits.
#pragma once

#include "base/types.hh"

namespace osv::linux_abi {

class process;

namespace resource {
constexpr u64 unlimited = ~0ull;  // RLIM_INFINITY
constexpr u32 cpu = 0, file_size = 1, data = 2, stack = 3, core = 4, resident = 5, processes = 6, open_files = 7;
constexpr u32 locked_memory = 8, address_space = 9, locks = 10, pending_signals = 11, message_queues = 12, nice = 13;
constexpr u32 real_time_priority = 14, real_time_run = 15, count = 16;
}  // namespace resource

/// What a program starts with. Only the number of open files, the stack size and the number of queued signals are
/// enforced.
void set_default_limits(process& p);

}  // namespace osv::linux_abi
