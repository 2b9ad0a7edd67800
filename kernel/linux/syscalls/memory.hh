#pragma once

#include "base/result.hh"

namespace osv::linux_abi {

result<u64> sys_mmap(u64 address, u64 size, u32 protection, u32 flags, int fd, u64 offset);
result<> sys_munmap(u64 address, u64 size);
result<> sys_mprotect(u64 address, u64 size, u32 protection);
result<> sys_madvise(u64 address, u64 size, int advice);
result<u64> sys_mremap(u64 old_address, u64 old_size, u64 new_size, u32 flags, u64 new_address);
result<u64> sys_brk(u64 address);
result<> sys_mincore(u64 address, u64 size, u8* into);
result<> sys_msync(u64 address, u64 size, int flags);
result<> sys_mlock(u64 address, u64 size);
result<> sys_mlock2(u64 address, u64 size, int flags);
result<> sys_munlock(u64 address, u64 size);
result<> sys_mlockall(int flags);
result<> sys_munlockall();

}  // namespace osv::linux_abi
