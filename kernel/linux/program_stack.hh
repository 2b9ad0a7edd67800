// The stack that a program starts with: strings, auxiliary vector, environment, arguments (System V ABI, 3.4.1).
#pragma once

#include "linux/program.hh"

namespace osv::linux_abi {

struct stack_contents {
  u64 top;
  const program_image* image;
  loaded_elf program;
  u64 loader_base;
  u64 vdso;
  const credentials* identity;
};

/// E2BIG when arguments and environment together need more than a quarter of the stack (execve(2)).
result<> check_size(const program_image& image);
/// Writes it below `top` and returns the stack pointer. E2BIG as check_size().
result<u64> build_stack(const stack_contents& contents);

}  // namespace osv::linux_abi
