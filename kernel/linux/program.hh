// Starting a program: what execve(2) and the boot do.
#pragma once

#include "linux/elf.hh"
#include "linux/process.hh"

namespace osv::linux_abi {

/// Random bits in the page number of the program, its loader and its other mappings; of the stack; of the heap behind the program.
constexpr unsigned map_random_bits = 28, stack_random_bits = 22, heap_random_bits = 20;

struct program_image {
  string path;
  vector<string> arguments;
  vector<string> environment;
};

/// Loads the program into the process's (empty) address space, builds its stack, and fills in the first registers.
/// Scripts ("#!") are run through their interpreter. On failure `problem` says why.
result<> load_program(process& p, program_image& image, arch::register_frame& start, load_problem& problem);

/// Finds `name` in PATH of the environment when it holds no slash. ENOENT.
result<string> find_program(const process& p, string_view name, const vector<string>& environment);

/// The pages that every program finds mapped: clock data and the vDSO's code.
void initialize_vdso();

/// For /proc/self/auxv.
struct auxiliary_entry {
  u64 type, value;
};
const vector<auxiliary_entry>& auxiliary_vector();

}  // namespace osv::linux_abi
