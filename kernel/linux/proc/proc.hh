// What programs read under /proc and /sys, registered with vfs's generated trees.
#pragma once

#include "base/result.hh"
#include "sched/scheduler.hh"
#include "vfs/generated.hh"

namespace osv::linux_abi {

/// Registers everything. After vfs::initialize() or before; before the program starts.
result<> initialize_proc();

// The parts, a file each.
result<> register_process_files();     // /proc/self
result<> register_thread_files();      // /proc/self/task
result<> register_descriptor_files();  // /proc/self/fd, fdinfo
result<> register_system_files();      // /proc/meminfo, stat, …
result<> register_kernel_settings();   // /proc/sys
result<> register_network_files();     // /proc/net
result<> register_processor_files();   // /proc/cpuinfo, /sys/devices/system

/// The line of /proc/<pid>/stat for one thread (`thread` is the process's first for the process as a whole).
void put_stat_line(vfs::text_sink& out, sched::thread& thread, bool whole_process);
/// /proc/<pid>/status.
result<> put_status(vfs::text_sink& out, sched::thread& thread);
/// Name, model, features: /proc/cpuinfo's paragraph for one processor. In processor_<architecture>.cc.
void put_processor(vfs::text_sink& out, unsigned cpu);

/// "0" for one, "0-3" for four.
void put_cpu_list(vfs::text_sink& out, unsigned count);
/// "f" for four; /sys writes groups of 32 bits with commas.
void put_cpu_mask(vfs::text_sink& out, u64 mask);

}  // namespace osv::linux_abi
