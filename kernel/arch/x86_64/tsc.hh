// The time-stamp counter: its rate, conversions, and what a KVM host says about time.
#pragma once

#include "base/types.hh"

namespace osv::arch {

struct tsc_sources {
  u64 kvm_clock_page_physical = 0;     // physical address of kvm_clock_page(); 0: do not ask KVM
  u16 power_management_timer_port = 0;  // FADT PM_TMR_BLK; 0: none (the PIT is used)
};

/// Memory that the host writes its clock to.
void* kvm_clock_page();

/// Finds the counter's rate: KVM's clock, CPUID 0x15 or 0x40000010, else measured in 0.5 ms against the ACPI timer or the PIT.
void tsc_initialize(const tsc_sources& sources);
u64 tsc_hertz();
/// How the rate was found, for the log.
const char* tsc_origin();

/// Measures again over the time since tsc_initialize(): the error of the first measure (about 1e-4) shrinks with the
/// distance. False when the rate is exact as it is, or nothing can be measured. Call within 4 s steps at most.
bool tsc_refine();

/// Nanoseconds since 1970 at time stamp `at` as KVM says; 0 when there is no KVM clock.
nanoseconds kvm_wall_clock(u64 at);

nanoseconds ticks_to_nanoseconds(u64 ticks);
u64 nanoseconds_to_ticks(nanoseconds duration);
/// Multiplier and shift: nanoseconds = ticks * multiplier >> shift.
struct tsc_scale {
  u32 multiplier;
  u32 shift;
};
tsc_scale tsc_to_nanoseconds_scale();

/// Busy-waits. Only for hardware that needs a pause of microseconds.
void spin_for(nanoseconds duration);

}  // namespace osv::arch
