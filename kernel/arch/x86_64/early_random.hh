// Random numbers for the first instructions of a boot, long before sync/random.hh is there.
#pragma once

#include "base/types.hh"

namespace osv::arch {

/// RDSEED or RDRAND where the processor has them, else the jitter of how long a port takes to answer; always mixed with the
/// time stamp. Not for keys.
class early_random {
 public:
  early_random();
  u64 next();
  /// How many bits somebody who knows this machine would have to guess, all numbers together, reckoned carefully: 64 for a number
  /// of the processor's; a quarter for each time that a port took unpredictably long.
  unsigned bits() const { return bits_; }

 private:
  bool from_processor(u64& value) const;
  void collect_jitter();
  void mix(u64 value);

  u64 state_;
  bool rdrand_, rdseed_;
  unsigned bits_ = 0;
};

}  // namespace osv::arch
