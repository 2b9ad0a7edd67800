#include "arch/x86_64/local_apic.hh"

#include "arch/cpu.hh"
#include "arch/x86_64/interrupt_vectors.hh"
#include "arch/x86_64/registers.hh"
#include "arch/x86_64/ports.hh"
#include "arch/x86_64/tsc.hh"

namespace osv::arch {
namespace {

// Register numbers: xAPIC offset / 16 = x2APIC MSR - 0x800 (SDM volume 3, table 11-6).
enum apic_register : u32 {
  register_id = 0x02,
  register_task_priority = 0x08,
  register_end_of_interrupt = 0x0b,
  register_spurious = 0x0f,
  register_error = 0x28,
  register_command = 0x30,
  register_command_high = 0x31,
  register_timer = 0x32,
  register_local_0 = 0x35,
  register_local_1 = 0x36,
  register_local_error = 0x37,
  register_initial_count = 0x38,
  register_current_count = 0x39,
  register_divide = 0x3e,
};

constexpr u32 msr_apic_base = 0x1b;
constexpr u32 msr_tsc_deadline = 0x6e0;
constexpr u64 base_x2apic = 1u << 10;
constexpr u64 base_enabled = 1u << 11;
constexpr u32 masked = 1u << 16;
constexpr u32 timer_mode_deadline = 2u << 17;
constexpr u32 command_pending = 1u << 12;
constexpr u32 command_assert = 1u << 14;
constexpr u32 command_all_others = 3u << 18;
constexpr u32 delivery_nmi = 4u << 8;
constexpr u32 delivery_init = 5u << 8;
constexpr u32 delivery_startup = 6u << 8;

constinit volatile u8* mapped = nullptr;
constinit bool x2apic = false;
constinit bool deadline_mode = false;
// Count-down ticks per TSC tick, as a fraction of 2^32.
constinit u64 ticks_per_tsc_tick = 0;

u32 read(u32 number) {
  if (x2apic) return static_cast<u32>(read_msr(0x800 + number));
  return read_register<u32>(mapped + number * 16);
}
void write(u32 number, u32 value) {
  if (x2apic)
    write_msr(0x800 + number, value);
  else
    write_register<u32>(mapped + number * 16, value);
}

void send_command(u32 destination, u32 command) {
  if (x2apic) {
    // Writes of x2APIC registers do not order earlier stores (SDM volume 3, 11.12.3): the receiver must see them.
    asm volatile("mfence; lfence" ::: "memory");
    write_msr(0x800 + register_command, static_cast<u64>(destination) << 32 | command);
    return;
  }
  interrupt_guard guard;
  write(register_command_high, destination << 24);
  write(register_command, command);
  while (read(register_command) & command_pending) pause();
}

struct count_sample {
  u64 tsc;
  u32 count;
};

// Of several reads the one that took least: a pause of this CPU falls into the others.
count_sample sample_count() {
  count_sample best{};
  u64 best_width = ~0ull;
  for (int i = 0; i < 8; ++i) {
    const u64 before = timestamp();
    const u32 count = read(register_current_count);
    const u64 width = timestamp() - before;
    if (width >= best_width) continue;
    best_width = width;
    best = {before + width / 2, count};
  }
  return best;
}

}  // namespace

u64 local_apic_base() { return read_msr(msr_apic_base) & 0x000f'ffff'ffff'f000; }

void local_apic_initialize(volatile void* registers) {
  mapped = static_cast<volatile u8*>(registers);
  x2apic = cpuid(1).c & 1u << 21;
  // Both 8259s: every input masked; the APICs take over.
  out8(0x21, 0xff);
  out8(0xa1, 0xff);
}

void local_apic_enable() {
  u64 base = read_msr(msr_apic_base) | base_enabled;
  write_msr(msr_apic_base, base);
  if (x2apic) write_msr(msr_apic_base, base | base_x2apic);
  write(register_spurious, 1u << 8 | vector_spurious);
  write(register_task_priority, 0);
  write(register_timer, masked);
  write(register_local_0, masked);
  // The host's way to ask for a crash report (ACPI 6.4, 5.2.12.7: LINT1 is the NMI).
  write(register_local_1, delivery_nmi);
  write(register_local_error, masked);
  write(register_error, 0);
}

u32 local_apic_id() {
  const u32 value = read(register_id);
  return x2apic ? value : value >> 24;
}

void end_of_interrupt() { write(register_end_of_interrupt, 0); }

void send_ipi(unsigned cpu, u8 vector) { send_command(cpu_blocks[cpu]->apic_id, command_assert | vector); }

void send_ipi_to_others(u8 vector) { send_command(0, command_all_others | command_assert | vector); }

void send_nmi_to_others() { send_command(0, command_all_others | command_assert | delivery_nmi); }

void start_cpu(u32 apic_id, u8 trampoline_page) {
  // The 10 ms of the manual are for processors of the last century; all with a TSC-synchronous package start at once.
  send_command(apic_id, command_assert | delivery_init);
  spin_for(10 * microsecond);
  for (int i = 0; i < 2; ++i) {
    send_command(apic_id, command_assert | delivery_startup | trampoline_page);
    spin_for(10 * microsecond);
  }
}

void park_cpu(u32 apic_id) { send_command(apic_id, command_assert | delivery_init); }

void timer_initialize() {
  deadline_mode = cpuid(1).c & 1u << 24;
  if (!deadline_mode) {
    // The bus clock is told by no register: count it against the time-stamp counter.
    write(register_divide, 0xb);  // by 1
    write(register_timer, masked | vector_timer);
    interrupt_guard guard;
    write(register_initial_count, 0xffffffff);
    const count_sample start = sample_count();
    spin_for(100 * microsecond);
    const count_sample end = sample_count();
    write(register_initial_count, 0);
    ticks_per_tsc_tick = (static_cast<u64>(start.count - end.count) << 32) / (end.tsc - start.tsc);
    if (ticks_per_tsc_tick == 0) ticks_per_tsc_tick = 1;
  }
  timer_enable();
}

void timer_enable() {
  if (deadline_mode) {
    write(register_timer, timer_mode_deadline | vector_timer);
    // SDM volume 3, 11.5.4.1: the mode must be in force before the first deadline is written.
    asm volatile("mfence" ::: "memory");
  } else {
    write(register_divide, 0xb);
    write(register_timer, vector_timer);
  }
}

void timer_arm(u64 tsc_deadline) {
  if (deadline_mode) {
    // 0 would disarm.
    write_msr(msr_tsc_deadline, tsc_deadline ? tsc_deadline : 1);
    return;
  }
  const u64 now = timestamp();
  u64 ticks = 1;
  if (tsc_deadline > now) {
    const auto wide = static_cast<unsigned __int128>(tsc_deadline - now) * ticks_per_tsc_tick >> 32;
    ticks = wide > 0xffffffff ? 0xffffffff : static_cast<u64>(wide) + 1;
  }
  write(register_initial_count, static_cast<u32>(ticks));
}

void timer_disarm() {
  if (deadline_mode)
    write_msr(msr_tsc_deadline, 0);
  else
    write(register_initial_count, 0);
}

}  // namespace osv::arch
