// From a running kernel to a running program.
#pragma once

#include <string_view>

#include "boot/start_info.hh"

namespace osv::boot {

/// In a thread of its own: devices, root file system, network, program.
void launch(const start_information& information);

}  // namespace osv::boot
