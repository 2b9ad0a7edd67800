// The kernel's first C++ code: from the loader's hand-over to the first thread.
#include "arch/cpu.hh"
#include "arch/x86_64/features.hh"
#include "arch/x86_64/local_apic.hh"
#include "arch/x86_64/registers.hh"
#include "boot/launch.hh"
#include "boot/processors.hh"
#include "boot/start_info.hh"
#include "devices/acpi/acpi.hh"
#include "devices/serial.hh"
#include "log/log.hh"
#include "memory/idle_cpus.hh"
#include "memory/translations.hh"
#include "sched/clock.hh"
#include "sched/scheduler.hh"
#include "sync/random.hh"
#include "telemetry/boot_phases.hh"
#include "trace/tracepoint.hh"

extern "C" {
extern osv::u64 boot_start_info, boot_entry_timestamp, __stack_chk_guard;
extern osv::u8 boot_stack_top[];
extern void (*const init_array_start[])();
extern void (*const init_array_end[])();
}

namespace osv::boot {

namespace {

constinit start_information information;  // filled in before constructors run

/// A canary that differs at each boot. RDRAND where there is one; the time stamp's low bits are better than nothing.
u64 early_random() {
  u64 value = arch::timestamp() * 0x9e3779b97f4a7c15;
  if (arch::features.rdrand) {
    u64 hardware;
    bool ok;
    asm volatile("rdrand %0" : "=r"(hardware), "=@ccc"(ok));
    if (ok) value ^= hardware;
  }
  return value & ~0xffull;  // a zero byte stops string functions from running over it
}

void launch_thread() { launch(information); }

}  // namespace

/// Called by boot.S on the boot stack, which becomes the idle thread's. No canary: it is set in here.
extern "C" [[noreturn, gnu::optimize("no-stack-protector")]] void boot_main() {
  using telemetry::boot_phase;
  devices::serial::initialize_early();
  log::set_sink(&devices::serial::write);
  initialize_boot_processor();
  __stack_chk_guard = early_random();
  telemetry::mark_boot_phase(boot_phase::entry);

  read_start_information(boot_start_info, information);
  memory::initialize_frames(information.ram, information.ram_count, information.reserved, information.reserved_count);
  guard_first_stacks();
  for (auto constructor = init_array_start; constructor != init_array_end; ++constructor) (*constructor)();
  sync::initialize_random();
  trace::set_alias_key(sync::random_u64());
  telemetry::mark_boot_phase(boot_phase::memory);

  devices::acpi::initialize(information.acpi_root);
  judge_fences();
  if (!devices::acpi::initialize_interrupt_controllers().ok()) panic("the interrupt controllers cannot be mapped");
  arch::local_apic_enable();
  arch::this_cpu().apic_id = arch::local_apic_id();
  sched::initialize_clock({.entry_timestamp = boot_entry_timestamp,
                           .power_management_timer_port = devices::acpi::power_management_timer_port(),
                           .century_register = devices::acpi::century_register()});
  log::set_clock(&sched::now);
  arch::timer_initialize();
  memory::cpu_is_idle = &sched::is_idle;
  sched::before_leaving_idle = &memory::flush_if_stale;
  sched::adopt_idle(0, reinterpret_cast<u64>(boot_stack_top) - 8);
  if (!sched::spawn("launch", [] { launch_thread(); }).ok()) panic("no memory for the first thread");
  sched::start_clock_refinement();
  sched::idle_loop();
}

}  // namespace osv::boot
