#include "telemetry/scheduler_sources.hh"

#include "base/vector.hh"
#include "sched/scheduler.hh"
#include "telemetry/sources.hh"

namespace osv::telemetry {

namespace {

std::string_view name_of(sched::thread_state state) {
  switch (state) {
    case sched::thread_state::running: return "running";
    case sched::thread_state::runnable: return "runnable";
    default: return "blocked";
  }
}

}  // namespace

void register_scheduler_sources() {
  register_source(metric::threads, [](sample_sink& sink) {
    i64 by_state[static_cast<usize>(thread_state::count)] = {};
    sched::for_each_thread([&](sched::thread& t) {
      const sched::thread_state state = t.state.load(std::memory_order_relaxed);
      if (t.idle || state == sched::thread_state::ended) return;
      ++by_state[static_cast<usize>(state == sched::thread_state::running    ? thread_state::running
                                    : state == sched::thread_state::runnable ? thread_state::runnable
                                                                             : thread_state::blocked)];
    });
    for (usize i = 0; i < std::size(by_state); ++i) sink.sample(thread_state_names[i], by_state[i]);
  });
}

void list_kernel_threads(function_ref<void(const thread_row&)> show) {
  struct copied {
    thread_row row;
    char name[16];
  };
  // Rows are shown after the list's lock was dropped, because showing them needs memory.
  vector<copied> rows;
  if (!rows.reserve(sched::thread_count() + 16).ok()) return;
  const usize capacity = sched::thread_count() + 16;
  sched::for_each_thread([&](sched::thread& t) {
    if (rows.size() == capacity || t.idle) return;
    copied c{{t.id, {}, t.program_data == nullptr, name_of(t.state), t.cpu, sched::runtime(t), t.context_switches}, {}};
    __builtin_memcpy(c.name, t.name, sizeof c.name);
    (void)rows.push_back(c);
  });
  for (copied& c : rows) {
    const std::string_view padded(c.name, sizeof c.name);
    c.row.name = padded.substr(0, padded.find('\0'));
    show(c.row);
  }
}

}  // namespace osv::telemetry
