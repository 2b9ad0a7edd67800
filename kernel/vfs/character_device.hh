// Character devices: names in /dev and what opening them gives.
#pragma once

#include <string_view>

#include "base/memory.hh"
#include "io/file.hh"

namespace osv::vfs {

constexpr u64 device_number(u32 major, u32 minor) {
  // makedev(3), glibc's encoding, which is also stat(2)'s.
  return (static_cast<u64>(major & 0xfffff000) << 32) | ((major & 0xfff) << 8) | (static_cast<u64>(minor & 0xffffff00) << 12) | (minor & 0xff);
}

/// Makes the open file; the returned file's stat() is not used: fstat answers with the node's status.
using device_opener = result<ref<io::file>> (*)(u32 flags);

/// Makes /dev/`name` and lets nodes of this device number anywhere open it. `name` and opener live for ever.
/// EEXIST if the name or number is taken; ENOSPC beyond 64 devices.
/// vfs itself registers null, zero, full, random, urandom; boot/ or linux/ registers tty (5,0) and console (5,1).
result<> register_character_device(std::string_view name, u32 major, u32 minor, u32 permissions, device_opener opener);

}  // namespace osv::vfs
