// The vDSO's code (vdso(7)): runs in the program, position-independent, without a C library. The clock page lies one page below.
#include "sched/clock_parameters.hh"

using osv::i64;
using osv::u32;
using osv::u64;

namespace {

struct time_spec {
  i64 seconds, nanoseconds;
};
struct time_value {
  i64 seconds, microseconds;
};

constexpr int clock_realtime = 0, clock_monotonic = 1, clock_monotonic_raw = 4, clock_realtime_coarse = 5, clock_monotonic_coarse = 6;
constexpr int clock_boottime = 7;
constexpr i64 second = 1'000'000'000;

extern "C" __attribute__((visibility("hidden"))) const osv::sched::clock_parameters vdso_clock_page;

/// Monotonic time; `offset` takes what is to be added for realtime.
inline u64 read_clock(bool realtime) {
  const auto& p = vdso_clock_page;
  for (;;) {
    const u32 before = __atomic_load_n(&p.sequence, __ATOMIC_ACQUIRE);
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    const u64 now = static_cast<u64>(high) << 32 | low;
    const u64 delta = now > p.tsc_base ? now - p.tsc_base : 0;
    u64 value = p.ns_base + static_cast<u64>(static_cast<unsigned __int128>(delta) * p.mult >> p.shift);
    if (realtime) value += static_cast<u64>(p.realtime_offset);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (!(before & 1) && __atomic_load_n(&p.sequence, __ATOMIC_RELAXED) == before) return value;
    __builtin_ia32_pause();
  }
}

inline long system_call(long number, long a, long b, long c) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

}  // namespace

extern "C" {

int __vdso_clock_gettime(int clock, time_spec* into) {
  u64 value;
  switch (clock) {
    case clock_realtime:
    case clock_realtime_coarse:
      value = read_clock(true);
      break;
    case clock_monotonic:
    case clock_monotonic_raw:
    case clock_monotonic_coarse:
    case clock_boottime:
      value = read_clock(false);
      break;
    default:
      return static_cast<int>(system_call(228, clock, reinterpret_cast<long>(into), 0));
  }
  into->seconds = static_cast<i64>(value / second);
  into->nanoseconds = static_cast<i64>(value % second);
  return 0;
}

int __vdso_gettimeofday(time_value* into, void* zone) {
  if (into) {
    const u64 value = read_clock(true);
    into->seconds = static_cast<i64>(value / second);
    into->microseconds = static_cast<i64>(value % second / 1000);
  }
  if (zone) __builtin_memset(zone, 0, 8);
  return 0;
}

long __vdso_time(long* into) {
  const long value = static_cast<long>(read_clock(true) / second);
  if (into) *into = value;
  return value;
}

int __vdso_clock_getres(int clock, time_spec* into) {
  if (clock < 0 || clock > clock_boottime) return static_cast<int>(system_call(229, clock, reinterpret_cast<long>(into), 0));
  if (into) *into = {0, 1};
  return 0;
}

int __vdso_getcpu(unsigned* cpu, unsigned* node, void*) {
  // In ring 0 the kernel's per-CPU block is in reach: its identifier lies at offset 32.
  u32 id;
  asm volatile("movl %%gs:32, %0" : "=r"(id));
  if (cpu) *cpu = id;
  if (node) *node = 0;
  return 0;
}

int clock_gettime(int, time_spec*) __attribute__((weak, alias("__vdso_clock_gettime")));
int gettimeofday(time_value*, void*) __attribute__((weak, alias("__vdso_gettimeofday")));
long time(long*) __attribute__((weak, alias("__vdso_time")));
int clock_getres(int, time_spec*) __attribute__((weak, alias("__vdso_clock_getres")));
int getcpu(unsigned*, unsigned*, void*) __attribute__((weak, alias("__vdso_getcpu")));

}  // extern "C"
