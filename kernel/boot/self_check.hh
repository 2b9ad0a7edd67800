// The kernel's check of its own protections at every boot.
#pragma once

namespace osv::boot {

/// Before the program starts: results go to the metrics and, if bad, to the log.
void check_self();

}  // namespace osv::boot
