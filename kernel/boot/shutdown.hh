// The end: of the program, by the power button, by a panic.
#pragma once

#include <string_view>

#include "base/types.hh"

namespace osv::linux_abi {
class process;
}

namespace osv::boot {

/// Hooks panic, program end, power button and the control port's signals. After devices are there.
void initialize_shutdown();
/// What follows a panic: poweroff, halt or reboot; anything else changes nothing.
void set_panic_action(std::string_view action);
/// The program's process once it runs; nullptr before.
linux_abi::process* program_process();
/// The control port's line {"event":"ready",…}.
void report_ready(u64 boot_microseconds);
/// A program that could not be started: one sentence to the console and the control port, then power off.
/// `status` as a shell would give it: 126 not executable, 127 not found, 125 anything else.
[[noreturn]] void report_start_failure(std::string_view sentence, int status);
/// As a press of the power button: SIGTERM to the program, after the delay, or as soon as it runs. Later requests do nothing.
void request_power_off();
/// Time between the request and SIGTERM in which the program goes on serving. Before the program starts.
void set_stop_delay(nanoseconds delay);

}  // namespace osv::boot
