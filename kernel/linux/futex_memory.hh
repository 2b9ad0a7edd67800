// The words of futexes in the program's memory, also while a lock is held.
#pragma once

#include "base/result.hh"
#include "memory/user_copy.hh"

extern "C" bool load_u32_guarded(const osv::u32* from, osv::u32* into);
extern "C" bool compare_exchange_u32_guarded(osv::u32* at, osv::u32* expected, osv::u32 desired, bool* exchanged);

namespace osv::linux_abi {

inline result<> check_futex(u64 address) {
  if (!is_aligned(address, 4)) return fail(errc::invalid);
  if (!memory::is_program_range(address, 4)) return fail(errc::fault);
  return {};
}

/// Reads the word with a lock held. A page that is not there cannot be fetched then (the fault is answered with false): the caller
/// lets go, touches the page, and tries again.
inline bool load_futex(u64 address, u32& value) { return load_u32_guarded(reinterpret_cast<const u32*>(address), &value); }

/// Writes `desired` if the word equals `expected`, else says in `expected` what it is. False: as load_futex().
inline bool exchange_futex(u64 address, u32& expected, u32 desired, bool& exchanged) {
  return compare_exchange_u32_guarded(reinterpret_cast<u32*>(address), &expected, desired, &exchanged);
}

inline result<> touch_futex(u64 address) {
  TRY(memory::read_program<u32>(reinterpret_cast<const void*>(address)));
  return {};
}

/// The word may be in a page that is there but not yet writable: a harmless write-back of its value brings it in.
inline result<> touch_futex_for_write(u64 address) {
  u32 value = TRY(memory::read_program<u32>(reinterpret_cast<const void*>(address)));
  bool exchanged;
  if (!exchange_futex(address, value, value, exchanged)) return fail(errc::fault);
  return {};
}

}  // namespace osv::linux_abi
