#pragma once

#include "base/result.hh"

namespace osv::linux_abi {

result<i64> sys_clone(u64 flags, u64 stack, u64 parent_tid, u64 child_tid, u64 tls);
result<i64> sys_clone3(const void* arguments, usize size);
result<i64> sys_fork();
result<i64> sys_vfork();
result<> sys_exit(int status);
result<> sys_exit_group(int status);
result<i64> sys_set_tid_address(u64 address);
result<> sys_set_robust_list(u64 head, usize size);
result<> sys_get_robust_list(int id, u64* head, usize* size);
result<> sys_arch_prctl(int code, u64 address);
result<> sys_sched_yield();
result<i64> sys_futex(u64 address, int operation, u32 value, u64 timeout_or_value2, u64 address2, u32 value3);
/// execve(2), linux/program.cc: replaces the program; returns only on failure.
result<i64> sys_execve(const char* path, const u64* arguments, const u64* environment);

}  // namespace osv::linux_abi
