// The vDSO: a small shared object that programs find through AT_SYSINFO_EHDR; it tells the time without a system call.
#pragma once

#include "mapping/address_space.hh"

namespace osv::linux_abi {

/// Maps clock data and code into the space; returns the address of the ELF header.
result<u64> map_vdso(memory::address_space& space);

}  // namespace osv::linux_abi
