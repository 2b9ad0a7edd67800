#include "linux/system_call_counts.hh"

#include <atomic>

#include "arch/cpu.hh"
#include "linux/gate.hh"
#include "linux/system_call.hh"
#include "log/log.hh"
#include "trace/count.hh"

namespace osv::linux_abi {

namespace {
/// The last one counts all numbers outside the table.
std::atomic<u32> unimplemented_calls[system_calls_max + 1];

/// Every C library tries it and does without: no reason to worry whoever reads the log.
constexpr unsigned rseq_number = 334;

usize slot_of(u64 number) { return number < system_calls_max ? number : system_calls_max; }
}  // namespace

const char* system_call_name(unsigned number) {
  const char* name = number < system_calls_max ? system_call_table[number].name : nullptr;
  return name ? name : "unknown";
}

u64 system_call_count(unsigned number) {
  if (number >= system_calls_max) return 0;
  u64 sum = 0;
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu)
    if (const u64* counts = arch::cpu_blocks[cpu]->system_call_counts) sum += __atomic_load_n(&counts[number], __ATOMIC_RELAXED);
  return sum;
}

u64 unimplemented_count(unsigned number) { return unimplemented_calls[slot_of(number)].load(std::memory_order_relaxed); }

i64 unimplemented(unsigned number) {
  trace::count(trace::counter::system_calls_unimplemented);
  if (unimplemented_calls[slot_of(number)].fetch_add(1, std::memory_order_relaxed) == 0) {
    if (number == rseq_number)
      log::info("system call {} ({}) is not implemented; the C library does without", number, system_call_name(number));
    else
      log::warning("system call {} ({}) is not implemented", number, system_call_name(number));
  }
  return -static_cast<i64>(errc::not_implemented);
}

}  // namespace osv::linux_abi
