// Assertions. A failed one is a programmer's error: the kernel panics with the place and a backtrace.
#pragma once

namespace osv {

/// Stops the machine (hosted: aborts) after printing `message` and a backtrace. Defined in log/panic.cc.
[[noreturn]] void panic(const char* message, const char* file = __builtin_FILE(), int line = __builtin_LINE());

}  // namespace osv

/// Checked in every build.
#define ASSERT(condition)                                     \
  do {                                                        \
    if (!(condition)) [[unlikely]]                            \
      ::osv::panic("assertion failed: " #condition, __FILE__, __LINE__); \
  } while (false)

/// Checked in debug builds only: for hot paths.
#ifdef OSV_DEBUG
#define DEBUG_ASSERT(condition) ASSERT(condition)
#else
#define DEBUG_ASSERT(condition) \
  do {                          \
  } while (false)
#endif
