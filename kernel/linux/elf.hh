// Loading ELF programs (System V ABI, elf(5)): static, static-PIE, PIE with an interpreter.
#pragma once

#include "base/memory.hh"
#include "base/string.hh"
#include "io/file.hh"
#include "mapping/address_space.hh"

namespace osv::linux_abi {

/// One file of a program that was found fit to run, nothing mapped yet.
struct elf_file {
  ref<io::file> file;
  u64 entry = 0;
  u64 program_headers = 0;       // file offset
  u16 program_header_count = 0;
  bool position_independent = false;
  bool executable_stack = false;
  string interpreter;            // empty if none
  u64 lowest = 0, highest = 0;   // extent of its segments, page-aligned
  u64 alignment = page_size;
};

/// Where it was put.
struct loaded_elf {
  u64 bias = 0;
  u64 entry = 0;
  u64 program_headers = 0;  // address in memory; 0 if they are in no segment
  u64 program_header_count = 0;
  u64 end = 0;              // first byte after the last segment
};

/// Why a program cannot run, in a sentence for people, beside the error number.
struct load_problem {
  errc code = errc::ok;
  string sentence;
};

/// Reads and checks the headers. On failure `problem` says what is wrong with `path`.
result<elf_file> open_elf(ref<io::file> file, string_view path, load_problem& problem);
/// Maps the segments; position-independent files at `base`.
result<loaded_elf> map_elf(memory::address_space& space, const elf_file& elf, u64 base);

}  // namespace osv::linux_abi
