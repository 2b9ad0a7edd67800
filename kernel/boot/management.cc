#include "boot/management.hh"

#include "boot/shutdown.hh"
#include "linux/gate.hh"
#include "linux/system_call.hh"
#include "linux/system_call_counts.hh"
#include "linux/task.hh"
#include "log/log.hh"
#include "sched/scheduler.hh"
#include "telemetry/management.hh"
#include "telemetry/network_sources.hh"
#include "telemetry/scheduler_sources.hh"
#include "telemetry/sources.hh"
#include "trace/points.hh"
#include "vfs/missing_files.hh"

namespace osv::boot {

namespace {

using telemetry::metric;
using telemetry::sample_sink;

void sample_calls(sample_sink& sink, u64 (*count)(unsigned)) {
  for (unsigned number = 0; number < linux_abi::system_calls_max; ++number)
    if (const u64 n = count(number)) sink.sample(linux_abi::system_call_name(number), static_cast<i64>(n));
}

void sample_latencies(sample_sink& sink) {
  for (unsigned number = 0; number < linux_abi::system_calls_max; ++number) {
    const trace::histogram_values* latency = linux_abi::system_call_latency(number);
    if (!latency) continue;
    trace::histogram_values copy;
    for (unsigned i = 0; i < trace::histogram_buckets; ++i) copy.buckets[i] = __atomic_load_n(&latency->buckets[i], __ATOMIC_RELAXED);
    copy.sum_nanoseconds = __atomic_load_n(&latency->sum_nanoseconds, __ATOMIC_RELAXED);
    sink.histogram(linux_abi::system_call_name(number), copy);
  }
}

void register_program_sources() {
  telemetry::register_source(metric::syscalls, [](sample_sink& sink) { sample_calls(sink, &linux_abi::system_call_count); });
  telemetry::register_source(metric::syscall_duration_seconds, [](sample_sink& sink) { sample_latencies(sink); });
  telemetry::register_source(metric::syscalls_unimplemented, [](sample_sink& sink) { sample_calls(sink, &linux_abi::unimplemented_count); });
  telemetry::register_gauge(metric::files_open, [] { return program_process() ? program_process()->files.count() : 0; });
}

void list_mappings(function_ref<void(const telemetry::mapping_row&)> show) {
  linux_abi::process* p = program_process();
  if (!p) return;
  p->space.for_each([&](const memory::mapping& m) {
    telemetry::mapping_row row{};
    row.start = m.begin;
    row.end = m.end;
    row.permissions[0] = m.protection & memory::protection::read ? 'r' : '-';
    row.permissions[1] = m.protection & memory::protection::write ? 'w' : '-';
    row.permissions[2] = m.protection & memory::protection::execute ? 'x' : '-';
    row.permissions[3] = m.shared ? 's' : 'p';
    row.path = m.label ? std::string_view(m.label) : m.source ? m.source->name() : std::string_view();
    show(row);
  });
}

/// Traced system calls leave the fast path.
void tracepoints_changed() {
  linux_abi::trace_system_calls(trace::point::system_call_enter.is_enabled() || trace::point::system_call_exit.is_enabled());
}

}  // namespace

void start_management(const configuration& c) {
  trace::set_thread_id_source([] { return sched::current().id; });
  telemetry::register_kernel_sources();
  telemetry::register_network_sources();
  telemetry::register_scheduler_sources();
  register_program_sources();
  for (const string& name : c.tracepoints) {
    if (!telemetry::enable_tracepoint(name).ok()) log::warning("there is no tracepoint {}", name.view());
  }
  tracepoints_changed();
  telemetry::management_configuration m;
  m.port = c.management_port;
  m.token = c.management_token;
  m.hooks.program_running = [] { return program_process() != nullptr; };
  m.hooks.power_off = &request_power_off;
  m.hooks.list_threads = &telemetry::list_kernel_threads;
  m.hooks.list_mappings = &list_mappings;
  m.hooks.list_missing_files = &vfs::for_each_missing;
  m.hooks.tracepoints_changed = &tracepoints_changed;
  if (auto started = telemetry::start_management(m); !started.ok())
    log::warning("the management port {} cannot be opened (error {})", c.management_port, static_cast<int>(started.error()));
}

}  // namespace osv::boot
