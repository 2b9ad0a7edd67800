#include "log/log.hh"

#include <atomic>

#include "arch/cpu.hh"
#include "lock/spin_lock.hh"

namespace osv::log {

namespace {

constexpr usize ring_size = 64 * 1024;

struct ring {
  char bytes[ring_size];
  u64 written = 0;  // since boot

  void put(std::string_view text) {
    for (char c : text) bytes[written++ % ring_size] = c;
  }
};

constinit ring history{};
constinit lock::irq_spin_lock lock_{lock::rank::log};
constinit std::atomic<sink> output{nullptr};
constinit std::atomic<level> threshold{level::info};
constinit clock_function clock = nullptr;
constinit std::atomic<u64> lines[4]{};

}  // namespace

void set_level(level l) { threshold.store(l, std::memory_order_relaxed); }
bool enabled(level l) { return l <= threshold.load(std::memory_order_relaxed); }
void set_sink(sink s) { output.store(s, std::memory_order_relaxed); }
void set_clock(clock_function c) { clock = c; }

u64 lines_written(level l) { return lines[static_cast<unsigned>(l)].load(std::memory_order_relaxed); }

void write(level l, std::string_view text) {
  lines[static_cast<unsigned>(l)].fetch_add(1, std::memory_order_relaxed);
  const nanoseconds at = clock ? clock() : 0;
  constexpr std::string_view marks[] = {"error: ", "warning: ", "", ""};
  const formatted<24> stamp("[{:5}.{:06}] ", at / second, at % second / microsecond);
  lock::guard g(lock_);
  const sink s = output.load(std::memory_order_relaxed);
  for (std::string_view part : {stamp.view(), marks[static_cast<unsigned>(l)], text, std::string_view("\n")}) {
    history.put(part);
    if (s) s(part);
  }
}

usize read_ring(u64& from, char* into, usize capacity) {
  lock::guard g(lock_);
  if (history.written > ring_size && from < history.written - ring_size) from = history.written - ring_size;
  usize n = 0;
  while (n < capacity && from < history.written) into[n++] = history.bytes[from++ % ring_size];
  return n;
}

}  // namespace osv::log
