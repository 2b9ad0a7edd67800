// Random bytes from the host (virtio-rng).
#pragma once

#include "base/types.hh"

namespace osv::devices {

/// Fetches 64 bytes from the host and gives them to sync::add_entropy(). Sleeps, at most until `deadline`.
/// False when there is no such device or it did not answer in time. For one thread at a time.
bool collect_entropy(nanoseconds deadline);

}  // namespace osv::devices
