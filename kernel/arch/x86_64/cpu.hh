// x86-64: per-CPU block, interrupt flag, time-stamp counter. Included through arch/cpu.hh.
#pragma once

#include <cstddef>

#include "base/trace_ids.hh"

namespace osv::sched {
class thread;
}

namespace osv::arch {

/// How far a processor came. Whoever starts it and the processor itself decide by one exchange.
enum class cpu_start : u8 { wanted, begun, online, given_up };

/// The block that GS points to for ever (no swapgs: there is no user mode). Offsets are used by entry.S.
struct cpu_block {
  cpu_block* self;             // 0
  u64 kernel_stack_top;        // 8: of the current thread
  u64 program_stack_pointer;   // 16: saved by the system-call entry for a few instructions
  sched::thread* current;      // 24
  u32 id;                      // 32
  u32 preempt_disabled;        // 36: depth
  u32 reschedule;              // 40: wanted as soon as preemption is possible
  u32 interrupt_depth;         // 44
  u64* system_call_counts;     // 48: by number
  u32 apic_id;
  cpu_start start;
  u64 tables;                  // address of its descriptor tables
  trace::cpu_values values;
};
static_assert(offsetof(cpu_block, kernel_stack_top) == 8 && offsetof(cpu_block, program_stack_pointer) == 16 &&
              offsetof(cpu_block, current) == 24 && offsetof(cpu_block, preempt_disabled) == 36);

extern cpu_block* cpu_blocks[cpus_max];
extern unsigned cpu_count;  // CPUs that are online

inline cpu_block& this_cpu() {
  cpu_block* block;
  asm volatile("mov %%gs:0, %0" : "=r"(block));
  return *block;
}
inline unsigned cpu_id() {
  u32 id;
  asm volatile("mov %%gs:32, %0" : "=r"(id));
  return id;
}

inline u64 read_flags() {
  u64 flags;
  asm volatile("pushfq; popq %0" : "=r"(flags)::"memory");
  return flags;
}
constexpr u64 flag_interrupts = 1u << 9;

inline bool interrupts_enabled() { return read_flags() & flag_interrupts; }
inline void disable_interrupts() { asm volatile("cli" ::: "memory"); }
inline void enable_interrupts() { asm volatile("sti" ::: "memory"); }
inline u64 save_and_disable_interrupts() {
  const u64 flags = read_flags();
  disable_interrupts();
  return flags;
}

inline void disable_preemption() { asm volatile("incl %%gs:36" ::: "memory"); }
/// Lowers the depth; a switch that was asked for meanwhile happens here (sched/preempt.cc).
void preempt_if_wanted();
inline void enable_preemption() {
  asm volatile("decl %%gs:36" ::: "memory");
  u32 wanted;
  asm volatile("movl %%gs:40, %0" : "=r"(wanted)::"memory");
  if (wanted) [[unlikely]]
    preempt_if_wanted();
}
/// Wake-ups with interrupts off only note that a switch is due; it happens as soon as they are on again.
inline void restore_interrupts(u64 flags) {
  if (!(flags & flag_interrupts)) return;
  enable_interrupts();
  u32 wanted;
  asm volatile("movl %%gs:40, %0" : "=r"(wanted)::"memory");
  if (wanted) [[unlikely]]
    preempt_if_wanted();
}
inline bool preemption_enabled() {
  u32 depth;
  asm volatile("movl %%gs:36, %0" : "=r"(depth));
  return depth == 0;
}

inline u64 timestamp() {
  u32 low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return static_cast<u64>(high) << 32 | low;
}
inline void pause() { asm volatile("pause"); }
/// Enables interrupts and waits for one, with no gap between the two (SDM volume 2, STI: interrupt shadow).
inline void wait_for_interrupt() { asm volatile("sti; hlt" ::: "memory"); }

inline void count(trace::counter which, u64 amount = 1) {
  const u64 offset = offsetof(cpu_block, values) + offsetof(trace::cpu_values, counters) + static_cast<u64>(which) * 8;
  asm volatile("addq %1, %%gs:(%0)" ::"r"(offset), "r"(amount) : "memory", "cc");
}
inline trace::cpu_values& values_of(unsigned cpu) { return cpu_blocks[cpu]->values; }
inline trace::cpu_values& local_values() { return this_cpu().values; }

}  // namespace osv::arch
