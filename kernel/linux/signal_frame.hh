// The frame that a signal handler finds on its stack (Linux's rt_sigframe), and the way back from it.
#pragma once

#include "linux/task.hh"

namespace osv::linux_abi {

/// Puts the frame on the program's stack (or the alternate one) and lets `frame` continue in the handler.
/// EFAULT: no room on the stack.
result<> push_signal_frame(task& t, arch::register_frame& frame, const signal_action& action, const signal_info& info, signal_set mask);
/// rt_sigreturn(2): registers, vector state and mask come back from the frame at the stack pointer.
result<> pop_signal_frame(task& t, arch::register_frame& frame);

}  // namespace osv::linux_abi
