// The kernel's log: one line a call, to the serial console and to a ring that the management API reads.
#pragma once

#include <string_view>

#include "base/format.hh"

namespace osv::log {

enum class level : u8 { error, warning, info, debug };

void set_level(level l);
bool enabled(level l);
/// Writes one line (no newline in `text`). Safe in any context, also in interrupts.
void write(level l, std::string_view text);
/// Reads the ring from byte position `from` (counted since boot) into `into`; returns bytes copied and moves `from` on.
/// What was overwritten is skipped.
usize read_ring(u64& from, char* into, usize capacity);

/// Lines of a level written since boot.
u64 lines_written(level l);

/// The sink that shows lines at once (serial port). Set by boot/.
using sink = void (*)(std::string_view text);
void set_sink(sink s);

/// Where time stamps come from (lower layers know no clock). Set by boot/.
using clock_function = nanoseconds (*)();
void set_clock(clock_function c);

template <typename... A>
void print(level l, std::string_view pattern, const A&... values) {
  if (enabled(l)) write(l, formatted<512>(pattern, values...));
}
template <typename... A>
void error(std::string_view pattern, const A&... values) {
  print(level::error, pattern, values...);
}
template <typename... A>
void warning(std::string_view pattern, const A&... values) {
  print(level::warning, pattern, values...);
}
template <typename... A>
void info(std::string_view pattern, const A&... values) {
  print(level::info, pattern, values...);
}
template <typename... A>
void debug(std::string_view pattern, const A&... values) {
  print(level::debug, pattern, values...);
}

}  // namespace osv::log
