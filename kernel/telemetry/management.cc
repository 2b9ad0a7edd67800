#include "telemetry/management.hh"

#include "log/log.hh"
#include "sched/scheduler.hh"
#include "telemetry/routes.hh"
#include "telemetry/server.hh"

namespace osv::telemetry {

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

}  // namespace osv::telemetry
