// The saved registers of an interrupted or calling context, as entry.S lays them on the thread's kernel stack.
#pragma once

#include "base/types.hh"

namespace osv::arch {

struct register_frame {
  u64 r15, r14, r13, r12, rbp, rbx;          // 0..40
  u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;  // 48..112
  u64 error_code;                            // 120: exceptions; the number of the call for system calls
  u64 rip, cs, rflags, rsp, ss;              // 128..160

  /// The program's code lies in the lower half; privilege tells nothing here.
  bool in_program() const { return static_cast<i64>(rip) >= 0; }
};
static_assert(sizeof(register_frame) == 168);

}  // namespace osv::arch
