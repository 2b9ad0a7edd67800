// Threads of the program by the number that gettid(2) gives.
#pragma once

#include "base/memory.hh"
#include "sched/scheduler.hh"

namespace osv::linux_abi {

/// 0 is the calling thread; nullptr if there is no such thread (or it is the kernel's own).
ref<sched::thread> find_program_thread(u32 id);
/// The same, ESRCH.
result<ref<sched::thread>> program_thread(u32 id);

}  // namespace osv::linux_abi
