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

// Not const: the kernel writes it. A const object would let the compiler read it once and for all.
extern "C" __attribute__((visibility("hidden"))) osv::sched::clock_parameters vdso_clock_page;

/// Time in nanoseconds since boot, or since 1970.
template <bool Realtime>
inline u64 read_clock() {
  auto& p = vdso_clock_page;
  u64 value;
  u32 before;
  do {
    // An odd number (a write in progress) loses its last bit and so differs from what is read at the end.
    before = __atomic_load_n(&p.sequence, __ATOMIC_ACQUIRE) & ~1u;
    asm volatile("" ::: "memory");
    // Never before the base, which the kernel keeps in the past of every CPU.
    const u64 delta = __builtin_ia32_rdtsc() - __atomic_load_n(&p.tsc_base, __ATOMIC_RELAXED);
    const u64 mult = __atomic_load_n(&p.mult, __ATOMIC_RELAXED);
    const auto shift = static_cast<osv::u8>(__atomic_load_n(&p.shift, __ATOMIC_RELAXED));
    const auto product = static_cast<unsigned __int128>(delta) * mult;
    value = static_cast<u64>(product);
    asm("shrdq %%cl, %2, %0" : "+r"(value) : "c"(shift), "r"(static_cast<u64>(product >> 64)) : "cc");
    value += __atomic_load_n(&p.ns_base, __ATOMIC_RELAXED);
    if constexpr (Realtime) value += static_cast<u64>(__atomic_load_n(&p.realtime_offset, __ATOMIC_RELAXED));
    asm volatile("" ::: "memory");  // loads stay in order on x86 (SDM volume 3, 8.2.2)
  } while (__atomic_load_n(&p.sequence, __ATOMIC_RELAXED) != before);
  return value;
}

inline void put(u64 value, time_spec* into) {
  into->seconds = static_cast<i64>(value / second);
  into->nanoseconds = static_cast<i64>(value % second);
}

inline long system_call(long number, long a, long b, long c) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

}  // namespace

extern "C" {

int __vdso_clock_gettime(int clock, time_spec* into) {
  constexpr unsigned monotonic_clocks = 1u << clock_monotonic_raw | 1u << clock_monotonic_coarse | 1u << clock_boottime;
  constexpr unsigned realtime_clocks = 1u << clock_realtime | 1u << clock_realtime_coarse;
  // The clock that everybody reads comes first.
  if (clock == clock_monotonic) [[likely]] {
    put(read_clock<false>(), into);
    return 0;
  }
  if (static_cast<unsigned>(clock) <= clock_boottime) {
    if (monotonic_clocks >> clock & 1) {
      put(read_clock<false>(), into);
      return 0;
    }
    if (realtime_clocks >> clock & 1) {
      put(read_clock<true>(), into);
      return 0;
    }
  }
  return static_cast<int>(system_call(228, clock, reinterpret_cast<long>(into), 0));
}

int __vdso_gettimeofday(time_value* into, void* zone) {
  if (into) {
    const u64 value = read_clock<true>();
    into->seconds = static_cast<i64>(value / second);
    into->microseconds = static_cast<i64>(value % second / 1000);
  }
  if (zone) __builtin_memset(zone, 0, 8);
  return 0;
}

long __vdso_time(long* into) {
  const long value = static_cast<long>(read_clock<true>() / second);
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
