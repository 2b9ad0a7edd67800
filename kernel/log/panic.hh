// The end of the kernel: message, backtrace, and what the configuration says then.
#pragma once

#include <string_view>

#include "base/assert.hh"
#include "base/types.hh"

namespace osv::log {

/// What the machine does after a panic was reported. Set by boot/ from the configuration; must not return.
using stop_function = void (*)(std::string_view message);
void set_panic_stop(stop_function stop);

/// Panics on behalf of a fault: the backtrace starts at the interrupted context.
[[noreturn]] void panic_at(std::string_view message, u64 instruction, u64 frame_pointer, u64 stack_pointer);

/// True once some CPU panics.
bool is_panicking();
/// Prints one line a frame, following saved frame pointers.
void print_backtrace(u64 instruction, u64 frame_pointer);

}  // namespace osv::log
