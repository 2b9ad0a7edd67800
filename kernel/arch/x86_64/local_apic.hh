// The local APIC of each CPU: acknowledge, inter-processor interrupts, start of further CPUs, one-shot timer.
// xAPIC (memory-mapped) and x2APIC (registers) alike (SDM volume 3, chapter 11).
#pragma once

#include "base/types.hh"

namespace osv::arch {

/// Physical address of the xAPIC register page: IA32_APIC_BASE as the firmware left it.
u64 local_apic_base();
/// Once, on the first CPU, before local_apic_enable(): `registers` is the mapping of local_apic_base(). Also silences the
/// legacy interrupt controllers.
void local_apic_initialize(volatile void* registers);
/// On each CPU: switches its APIC on (x2APIC where there is one), everything masked but the spurious vector.
void local_apic_enable();
/// This CPU's identifier. Works after local_apic_initialize().
u32 local_apic_id();

void end_of_interrupt();

/// Interrupts CPU number `cpu` (index into cpu_blocks).
void send_ipi(unsigned cpu, u8 vector);
/// Interrupts every other CPU.
void send_ipi_to_others(u8 vector);
/// Sends a non-maskable interrupt to every other CPU (panic).
void send_nmi_to_others();
/// INIT, then twice start-up (SDM volume 3, 9.4.4): the CPU begins in real mode at `trampoline_page` << 12.
void start_cpu(u32 apic_id, u8 trampoline_page);
/// INIT alone: the CPU waits to be started.
void park_cpu(u32 apic_id);

// --- the one-shot timer, vector_timer ---
/// On the first CPU, after tsc_initialize(): chooses TSC-deadline mode or measures the count-down rate (takes 0.1 ms).
void timer_initialize();
/// On each CPU, after local_apic_enable() (timer_initialize() does it for the first one).
void timer_enable();
/// Fires once when the time-stamp counter reaches `tsc_deadline`, at once if it has. In count-down mode it may fire
/// earlier (far deadlines, rounding): look at the clock and arm again.
void timer_arm(u64 tsc_deadline);
void timer_disarm();

}  // namespace osv::arch
