// The end: of the program, by the power button, by a panic.
#pragma once

#include <string_view>

#include "base/types.hh"

namespace osv::linux_abi {
class process;
}

namespace osv::boot {

/// Hooks panic, program end, power button and the control port's signals. After devices are there.
void initialize_shutdown(std::string_view panic_action);
/// The program's process once it runs; nullptr before.
linux_abi::process* program_process();
/// The control port's line {"event":"ready",…}.
void report_ready(u64 boot_microseconds);
/// A program that could not be started: one sentence to the console and the control port, then power off.
/// `status` as a shell would give it: 126 not executable, 127 not found, 125 anything else.
[[noreturn]] void report_start_failure(std::string_view sentence, int status);
/// As a press of the power button.
void request_power_off();

}  // namespace osv::boot
