// Which Linux the program is told it runs on: the version whose system calls the kernel follows.
#pragma once

#include <string_view>

#include "base/result.hh"
#include "base/string.hh"

namespace osv::linux_abi {

namespace kernel_identity {
constexpr std::string_view system = "Linux";
constexpr std::string_view release = "6.1.0-osv";
constexpr std::string_view version = "#1 SMP PREEMPT_DYNAMIC OS^v";
#if defined(__x86_64__)
constexpr std::string_view machine = "x86_64";
#endif
}  // namespace kernel_identity

/// The host name as uname(2) shows it now.
result<string> host_name();

}  // namespace osv::linux_abi
