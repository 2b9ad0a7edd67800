#include "trace/tracepoint.hh"

// By the linker. Weak: a hosted test may link no tracepoint at all.
extern "C" {
extern osv::trace::tracepoint_base __start_tracepoints[] __attribute__((weak));
extern osv::trace::tracepoint_base __stop_tracepoints[] __attribute__((weak));
}

namespace osv::trace {

namespace {
constinit u64 alias_key = 0;
}

void set_alias_key(u64 key) { alias_key = key; }

u64 alias_of(u64 address) {
  // Finalizer of SplitMix64 (Steele, Lea and Flood, 2014), half of its result thrown away.
  u64 z = address ^ alias_key;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z >> 32;
}

std::span<tracepoint_base> tracepoints() { return {__start_tracepoints, __stop_tracepoints}; }

tracepoint_base* find_tracepoint(std::string_view name) {
  for (tracepoint_base& point : tracepoints())
    if (name == point.name) return &point;
  return nullptr;
}

}  // namespace osv::trace
