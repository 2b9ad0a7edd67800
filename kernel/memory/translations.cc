#include "memory/translations.hh"

#include <atomic>

#include "arch/cpu.hh"
#include "arch/x86_64/interrupt_vectors.hh"
#include "arch/x86_64/local_apic.hh"
#include "arch/x86_64/registers.hh"
#include "memory/idle_cpus.hh"

namespace osv::memory {

bool (*cpu_is_idle)(unsigned cpu) = nullptr;

namespace {

struct flush_state {
  std::atomic<bool> stale{false};    // idle: flush before running a program thread
  std::atomic<u32> requested{0};     // number of the newest request
  std::atomic<u32> done{0};
};
arch::per_cpu<flush_state> states;

constexpr u64 single_flush_max = 16;  // pages; beyond, dropping everything is cheaper

}  // namespace

void flush_translations(u64 begin, u64 end) {
  arch::disable_preemption();
  if ((end - begin) / page_size <= single_flush_max)
    for (u64 at = begin; at < end; at += page_size) arch::invalidate_page(at);
  else
    arch::flush_tlb();
  const unsigned self = arch::cpu_id();
  u32 wanted[arch::cpus_max];
  u64 waiting = 0;
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) {
    if (cpu == self) continue;
    flush_state& s = states[cpu];
    // seq_cst: first `stale`, then the look at idleness; a CPU that leaves idle does it the other way round.
    s.stale.store(true, std::memory_order_seq_cst);
    if (cpu_is_idle && cpu_is_idle(cpu)) continue;
    wanted[cpu] = s.requested.fetch_add(1, std::memory_order_acq_rel) + 1;
    waiting |= 1ull << cpu;
    arch::send_ipi(cpu, arch::vector_flush_translations);
  }
  for (; waiting; waiting &= waiting - 1) {
    const unsigned cpu = static_cast<unsigned>(__builtin_ctzll(waiting));
    // acquire: the frames may be reused only after the other CPU dropped its translations.
    while (static_cast<i32>(states[cpu].done.load(std::memory_order_acquire) - wanted[cpu]) < 0) arch::pause();
  }
  arch::enable_preemption();
}

void handle_flush_interrupt() {
  flush_state& s = states.local();
  const u32 newest = s.requested.load(std::memory_order_acquire);
  s.stale.store(false, std::memory_order_relaxed);
  arch::flush_tlb();
  s.done.store(newest, std::memory_order_release);
}

void flush_if_stale() {
  if (states.local().stale.exchange(false, std::memory_order_seq_cst)) arch::flush_tlb();
}

}  // namespace osv::memory
