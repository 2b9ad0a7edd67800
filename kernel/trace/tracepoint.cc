#include "trace/tracepoint.hh"

// By the linker. Weak: a hosted test may link no tracepoint at all.
extern "C" {
extern osv::trace::tracepoint_base __start_tracepoints[] __attribute__((weak));
extern osv::trace::tracepoint_base __stop_tracepoints[] __attribute__((weak));
}

namespace osv::trace {

std::span<tracepoint_base> tracepoints() { return {__start_tracepoints, __stop_tracepoints}; }

tracepoint_base* find_tracepoint(std::string_view name) {
  for (tracepoint_base& point : tracepoints())
    if (name == point.name) return &point;
  return nullptr;
}

}  // namespace osv::trace
