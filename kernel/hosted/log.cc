// The log of hosted tests: standard error, and a string in the place of the ring. OSV_TEST_LOG=debug|info|warning|error.
#include "log/log.hh"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "base/assert.hh"

namespace osv {

void panic(const char* message, const char* file, int line) {
  std::fprintf(stderr, "panic: %s (%s:%d)\n", message, file, line);
  std::abort();
}

}  // namespace osv

namespace osv::log {

namespace {

level from_environment() {
  const char* wanted = std::getenv("OSV_TEST_LOG");
  if (!wanted) return level::warning;
  const char* names[] = {"error", "warning", "info", "debug"};
  for (unsigned i = 0; i < 4; ++i)
    if (!std::strcmp(wanted, names[i])) return static_cast<level>(i);
  return level::warning;
}

struct state {
  std::mutex mutex;
  level shown = from_environment();
  std::string ring;
  sink also = nullptr;
  u64 lines[4] = {};
};
state& log_state() {
  static state* instance = new state;
  return *instance;
}

}  // namespace

void set_level(level l) { log_state().shown = l; }
bool enabled(level l) { return l <= log_state().shown; }
void set_sink(sink s) { log_state().also = s; }

void set_clock(clock_function) {}
u64 lines_written(level l) { return log_state().lines[static_cast<unsigned>(l)]; }

void write(level l, std::string_view text) {
  state& s = log_state();
  std::unique_lock held(s.mutex);
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  ++s.lines[static_cast<unsigned>(l)];
  // As the kernel's own log does it, at time 0.
  constexpr std::string_view marks[] = {"error: ", "warning: ", "", ""};
  s.ring.append("[    0.000000] ").append(marks[static_cast<unsigned>(l)]).append(text).push_back('\n');
  if (s.also) s.also(text);
}

usize read_ring(u64& from, char* into, usize capacity) {
  state& s = log_state();
  std::unique_lock held(s.mutex);
  if (from >= s.ring.size()) return 0;
  const usize copied = s.ring.copy(into, capacity, from);
  from += copied;
  return copied;
}

}  // namespace osv::log
