// The first serial line (16550A at port 0x3f8): polled output that works from the kernel's first instruction on, and
// interrupt-driven input as the console port "serial".
#pragma once

#include <string_view>

namespace osv::devices::serial {

/// Sets 115200 8N1 with FIFOs. Needs nothing: the first thing to call. Without a line, writes go nowhere.
void initialize_early();
/// Writes the bytes as they are; waits for the line, but not for ever: a host that takes nothing loses them.
/// Safe in any context. A log::sink.
void write(std::string_view text);
/// Like write(), for a panic: takes no lock.
void write_unlocked(std::string_view text);
/// Starts input: registers console port "serial". After acpi::initialize() and the interrupt controllers.
void start_input();

}  // namespace osv::devices::serial
