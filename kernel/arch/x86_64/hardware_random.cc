#include "arch/hardware_random.hh"

#include "arch/x86_64/features.hh"

namespace osv::arch {

namespace {
// RDSEED runs dry under load; RDRAND practically never (SDM volume 1, 7.3.17.1: retry ten times).
constexpr int tries = 10;
}  // namespace

bool hardware_random(u64& value) {
  bool ok = false;
  for (int i = 0; features.rdseed && !ok && i < tries; ++i) asm volatile("rdseed %0" : "=r"(value), "=@ccc"(ok));
  for (int i = 0; features.rdrand && !ok && i < tries; ++i) asm volatile("rdrand %0" : "=r"(value), "=@ccc"(ok));
  return ok;
}

}  // namespace osv::arch
