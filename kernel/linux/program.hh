// Starting a program: what execve(2) and the boot do.
#pragma once

#include "linux/elf.hh"
#include "linux/process.hh"

namespace osv::linux_abi {

/// Random bits in the page number of the program, its loader and its other mappings; of the stack; of the heap behind the program.
constexpr unsigned map_random_bits = 28, stack_random_bits = 22, heap_random_bits = 20;

/// Arguments and environment with their pointers, at most: a quarter of the stack (execve(2)).
constexpr u64 argument_bytes_max = 2 * 1024 * 1024;

struct program_image {
  string path;
  vector<string> arguments;
  vector<string> environment;
};

/// A program and its loader, found fit to run.
struct prepared_program {
  elf_file program;
  elf_file interpreter;  // without a file if the program needs none
};

/// Everything that can be refused while another program still stands: finds the files and checks them. Scripts ("#!") become their
/// interpreter in `image`. On failure `problem` says why.
result<prepared_program> prepare_program(program_image& image, load_problem& problem);
/// Puts it into the process's address space in the place of what is there, builds its stack, and fills in the first registers.
result<> load_program(process& p, program_image& image, prepared_program prepared, arch::register_frame& start, load_problem& problem);

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
