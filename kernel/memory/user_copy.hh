// Copies between kernel and program memory that answer EFAULT instead of crashing when an address is not mapped.
// There is one address space, so program addresses are ordinary pointers; only these functions survive a bad one.
#pragma once

#include "base/result.hh"
#include "base/string.hh"

namespace osv::memory {

/// Program addresses end here (47 bits).
constexpr u64 program_address_end = 0x0000'7fff'ffff'f000;
/// True if [address, address + size) lies in the program's half.
bool is_program_range(u64 address, usize size);

result<> copy_from_program(void* into, const void* from, usize size);
result<> copy_to_program(void* to, const void* from, usize size);
result<> zero_program(void* to, usize size);
/// For cursors, which serve kernel buffers too: the range may lie in either half. A cursor over program memory is made only
/// after is_program_range() was asked.
result<> copy_any(void* to, const void* from, usize size);
result<> zero_any(void* to, usize size);
/// NUL-terminated string of at most `size_max` bytes; ENAMETOOLONG beyond.
result<string> copy_string_from_program(const char* from, usize size_max);

template <typename T>
result<T> read_program(const void* from) {
  T value;
  TRY(copy_from_program(&value, from, sizeof value));
  return value;
}
template <typename T>
result<> write_program(void* to, const T& value) {
  return copy_to_program(to, &value, sizeof value);
}

}  // namespace osv::memory
