#include "boot/management.hh"

#include "boot/shutdown.hh"
#include "linux/gate.hh"
#include "linux/system_call_counts.hh"
#include "log/log.hh"
#include "sched/scheduler.hh"
#include "telemetry/boot_phases.hh"
#include "telemetry/management.hh"
#include "telemetry/network_sources.hh"
#include "telemetry/scheduler_sources.hh"
#include "telemetry/sources.hh"
#include "trace/tracepoint.hh"
#include "vfs/missing_files.hh"

namespace osv::boot {

namespace {

using telemetry::metric;
using telemetry::sample_sink;

constinit linux_abi::process* program_ = nullptr;

void show_calls(sample_sink& sink, u64 (*count)(unsigned)) {
  for (unsigned number = 0; number < linux_abi::system_calls_max; ++number)
    if (const u64 calls = count(number)) sink.sample(linux_abi::system_call_name(number), static_cast<i64>(calls));
}

void list_mappings(function_ref<void(const telemetry::mapping_row&)> show) {
  program_->space.for_each([&](const memory::mapping& m) {
    using namespace memory::protection;
    telemetry::mapping_row row{m.begin, m.end, "---p", {}};
    if (m.protection & read) row.permissions[0] = 'r';
    if (m.protection & write) row.permissions[1] = 'w';
    if (m.protection & execute) row.permissions[2] = 'x';
    if (m.shared) row.permissions[3] = 's';
    row.path = m.label ? std::string_view(m.label) : m.source ? m.source->name() : std::string_view();
    show(row);
  });
}

}  // namespace

void start_management(const configuration& settings, linux_abi::process& program) {
  program_ = &program;
  trace::set_thread_id_source([] { return sched::current().id; });
  telemetry::register_kernel_sources();
  telemetry::register_scheduler_sources();
  telemetry::register_network_sources();
  telemetry::register_source(metric::syscalls, [](sample_sink& sink) { show_calls(sink, linux_abi::system_call_count); });
  telemetry::register_source(metric::syscalls_unimplemented, [](sample_sink& sink) { show_calls(sink, linux_abi::unimplemented_count); });
  telemetry::register_gauge(metric::files_open, [] { return program_->files.count(); });

  for (const string& name : settings.tracepoints)
    if (!telemetry::enable_tracepoint(name).ok()) log::warning("the tracepoint \"{}\" cannot be switched on", name.view());

  telemetry::management_configuration c;
  c.port = settings.management_port;
  c.token = settings.management_token;
  // From the program's first instruction to its end, after which the machine goes off.
  c.hooks.program_running = [] { return telemetry::boot_nanoseconds() != 0; };
  c.hooks.power_off = request_power_off;
  c.hooks.list_threads = telemetry::list_kernel_threads;
  c.hooks.list_mappings = list_mappings;
  c.hooks.list_missing_files = vfs::for_each_missing;
  if (auto started = telemetry::start_management(c); !started.ok())
    log::error("the management API cannot be started on port {} (error {})", c.port, static_cast<int>(started.error()));
}

}  // namespace osv::boot
