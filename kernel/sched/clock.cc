#include "sched/clock.hh"

#include <atomic>
#include <new>

#include "arch/cpu.hh"
#include "arch/x86_64/real_time_clock.hh"
#include "arch/x86_64/tsc.hh"
#include "lock/spin_lock.hh"
#include "log/log.hh"
#include "memory/frames.hh"
#include "sched/timer.hh"

namespace osv::sched {
namespace {

struct alignas(page_size) parameters_page {
  clock_parameters parameters;
  u8 rest[page_size - sizeof(clock_parameters)];
};
constinit parameters_page page{};
constinit lock::irq_spin_lock write_lock{lock::rank::leaf};

// Writers are rare; readers on other CPUs retry while the sequence is odd.
template <typename F>
void update(F&& change) {
  lock::guard guard(write_lock);
  clock_parameters& p = page.parameters;
  __atomic_store_n(&p.sequence, p.sequence + 1, __ATOMIC_RELAXED);
  std::atomic_thread_fence(std::memory_order_release);
  change(p);
  __atomic_store_n(&p.sequence, p.sequence + 1, __ATOMIC_RELEASE);
}

template <typename F>
auto read(F&& evaluate) {
  const clock_parameters& p = page.parameters;
  for (unsigned tries = 0;; ++tries) {
    const u32 before = __atomic_load_n(&p.sequence, __ATOMIC_ACQUIRE);
    const auto value = evaluate(p);
    std::atomic_thread_fence(std::memory_order_acquire);
    // A panic may strike in the middle of a write: a bounded wait, then whatever is there.
    if ((before & 1) == 0 && __atomic_load_n(&p.sequence, __ATOMIC_RELAXED) == before) return value;
    if (tries == 10000) return value;
    arch::pause();
  }
}

u64 scaled(u64 ticks, u64 mult, u32 shift) { return static_cast<u64>(static_cast<unsigned __int128>(ticks) * mult >> shift); }

nanoseconds monotonic(const clock_parameters& p, u64 timestamp) {
  // Early in the boot another CPU's counter may lag a little behind the one that wrote the base.
  const u64 delta = timestamp > p.tsc_base ? timestamp - p.tsc_base : 0;
  return static_cast<nanoseconds>(p.ns_base + scaled(delta, p.mult, p.shift));
}

constexpr nanoseconds base_margin = 10 * millisecond;  // less than the first refinement
constexpr nanoseconds refinements[] = {100 * millisecond, 1 * second, 4 * second};
constinit unsigned refinement = 0;

void refine(timer& t) {
  if (!arch::tsc_refine()) return;
  update([](clock_parameters& p) {
    const u64 timestamp = arch::timestamp();
    const nanoseconds at = monotonic(p, timestamp);
    const arch::tsc_scale scale = arch::tsc_to_nanoseconds_scale();
    // From here at the new rate; time stays continuous. The base lies so far back that no CPU's counter is before it: the vDSO
    // does not look.
    const u64 back = arch::nanoseconds_to_ticks(base_margin);
    p.tsc_base = timestamp - back;
    p.ns_base = static_cast<u64>(at) - scaled(back, scale.multiplier, scale.shift);
    p.mult = scale.multiplier;
    p.shift = scale.shift;
  });
  if (++refinement < sizeof refinements / sizeof refinements[0]) t.arm(now() + refinements[refinement] - refinements[refinement - 1]);
}

}  // namespace

void initialize_clock(const clock_sources& sources) {
  arch::tsc_initialize({.kvm_clock_page_physical = to_u64(memory::to_physical(arch::kvm_clock_page())),
                        .power_management_timer_port = sources.power_management_timer_port});
  update([&](clock_parameters& p) {
    const arch::tsc_scale scale = arch::tsc_to_nanoseconds_scale();
    p = {.tsc_base = sources.entry_timestamp, .ns_base = 0, .mult = scale.multiplier, .shift = scale.shift, .realtime_offset = 0, .sequence = p.sequence};
    const u64 timestamp = arch::timestamp();
    nanoseconds wall = arch::kvm_wall_clock(timestamp);
    // The battery-backed clock tells whole seconds: in the middle of one the error is half a second at most.
    if (wall == 0)
      if (const i64 seconds = arch::read_real_time_clock(sources.century_register)) wall = seconds * second + second / 2;
    if (wall) p.realtime_offset = wall - monotonic(p, timestamp);
  });
  log::debug("clock: {} kHz, from {}", arch::tsc_hertz() / 1000, arch::tsc_origin());
}

void start_clock_refinement() {
  // Lives for ever: armed three times.
  if (timer* t = new (std::nothrow) timer([](timer& self) { refine(self); })) t->arm(now() + refinements[0]);
}

const void* clock_page() { return &page; }

u64 timestamp_at(nanoseconds deadline) {
  if (deadline == never) return UINT64_MAX;
  return read([&](const clock_parameters& p) {
    const nanoseconds from_base = deadline - static_cast<nanoseconds>(p.ns_base);
    // One tick later than the rounded-down product, so that now() has reached the deadline when the counter has.
    return from_base <= 0 ? p.tsc_base : p.tsc_base + arch::nanoseconds_to_ticks(from_base) + 1;
  });
}

nanoseconds now() {
  return read([](const clock_parameters& p) { return monotonic(p, arch::timestamp()); });
}

nanoseconds realtime() {
  return read([](const clock_parameters& p) { return monotonic(p, arch::timestamp()) + p.realtime_offset; });
}

void set_realtime(nanoseconds value) {
  update([&](clock_parameters& p) { p.realtime_offset = value - monotonic(p, arch::timestamp()); });
}

}  // namespace osv::sched
