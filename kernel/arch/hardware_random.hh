// The processor's own random number generator.
#pragma once

#include "base/types.hh"

namespace osv::arch {

/// A random number from RDSEED or RDRAND (SDM volume 1, 7.3.17). False when the processor has neither or they gave nothing.
bool hardware_random(u64& value);

}  // namespace osv::arch
