#include <chrono>

#include "arch/cpu.hh"
#include "hosted/scheduler.hh"
#include "hosted/virtual_clock.hh"
#include "sched/clock.hh"

namespace osv::hosted {

namespace {
/// 2026-01-01 00:00:00 UTC: what realtime() shows at virtual time 0.
constexpr nanoseconds virtual_epoch = 1767225600 * second;
std::atomic<nanoseconds> realtime_shift{0};
}  // namespace

nanoseconds host_now() {
  using namespace std::chrono;
  static const steady_clock::time_point start = steady_clock::now();
  return duration_cast<std::chrono::nanoseconds>(steady_clock::now() - start).count();
}

virtual_clock::virtual_clock() {
  sched::thread& self = sched::current();
  scheduler& s = the_scheduler();
  std::unique_lock held(s.mutex);
  ASSERT(!s.virtual_time);
  s.virtual_time = true;
  self.in_virtual_time = true;
  s.running = &self;
}

virtual_clock::~virtual_clock() {
  sched::thread& self = sched::current();
  scheduler& s = the_scheduler();
  std::unique_lock held(s.mutex);
  self.in_virtual_time = false;
  s.virtual_time = false;
  s.running = nullptr;
  s.timers_changed.notify_all();
}

void virtual_clock::advance(nanoseconds by) {
  const nanoseconds target = sched::now() + by;
  do sched::park(target);
  while (sched::now() < target);
}

bool virtual_clock::run_until(function_ref<bool()> condition, nanoseconds at_most) {
  scheduler& s = the_scheduler();
  const nanoseconds limit = sched::now() + at_most;
  while (!condition()) {
    std::unique_lock held(s.mutex);
    if (s.runnable.empty()) {
      const nanoseconds next = next_event();
      if (next > limit) return false;
      s.virtual_now = std::max(s.virtual_now, next);
    }
    s.runnable.push_back(s.running);
    dispatch(held, s.running);
  }
  return true;
}

}  // namespace osv::hosted

namespace osv::sched {

nanoseconds now() {
  auto& s = hosted::the_scheduler();
  std::unique_lock held(s.mutex);
  return s.virtual_time ? s.virtual_now : hosted::host_now();
}

nanoseconds realtime() {
  {
    auto& s = hosted::the_scheduler();
    std::unique_lock held(s.mutex);
    if (s.virtual_time) return hosted::virtual_epoch + s.virtual_now + hosted::realtime_shift;
  }
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count() + hosted::realtime_shift;
}

const void* clock_page() {
  // arch::timestamp() counts nanoseconds here.
  static const clock_parameters parameters{.tsc_base = 0, .ns_base = 0, .mult = 1, .shift = 0, .realtime_offset = 0, .sequence = 0};
  return &parameters;
}

void set_realtime(nanoseconds value) { hosted::realtime_shift += value - realtime(); }

}  // namespace osv::sched

namespace osv::arch {

u64 timestamp() { return static_cast<u64>(sched::now()); }

}  // namespace osv::arch
