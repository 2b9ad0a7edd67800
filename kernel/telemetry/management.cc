#include "telemetry/management.hh"

#include "log/log.hh"
#include "sched/scheduler.hh"
#include "telemetry/routes.hh"
#include "telemetry/server.hh"

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

result<> start_management(const management_configuration& configuration) {
  TRY(configure_routes(configuration));
  if (configuration.port == 0) return {};
  unique<server> s = TRY(server::create(configuration.port));
  ref<sched::thread> t = TRY(sched::spawn("management", [server = s.get()] { server->run(); }));
  s.release();
  // A program that keeps every CPU busy must not hide what it does.
  t->urgent = true;
  log::info("management API on port {}", configuration.port);
  return {};
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
