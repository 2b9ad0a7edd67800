#include "telemetry/sources.hh"

#include "arch/cpu.hh"
#include "log/log.hh"
#include "memory/frames.hh"
#include "sched/clock.hh"
#include "sync/random.hh"
#include "telemetry/boot_phases.hh"
#include "telemetry/self_check.hh"
#include "telemetry/trace_time.hh"
#include "telemetry/version.hh"
#include "trace/tracepoint.hh"

// The kernel's image, by the linker; not there in hosted tests.
extern "C" {
extern char kernel_start[] __attribute__((weak));
extern char kernel_end[] __attribute__((weak));
}

namespace osv::telemetry {

namespace {

constinit sample_source sources[static_cast<usize>(metric::count)];
constinit std::atomic<u64> management_requests[static_cast<usize>(management_result::count)];

/// Which counter is which metric, or which label value of it. Rows of one metric stand together.
struct counter_row {
  metric which;
  const char* label;
  trace::counter counter;
  u64 unit = 1;
};
using trace::counter;
constexpr counter_row counter_rows[] = {
    {metric::context_switches, nullptr, counter::context_switches},
    {metric::preemptions, nullptr, counter::preemptions},
    {metric::wakeups, nullptr, counter::wake_ups},
    {metric::wakeups_remote, nullptr, counter::wake_ups_remote},
    {metric::thread_migrations, nullptr, counter::migrations},
    {metric::threads_created, nullptr, counter::threads_created},
    {metric::timers_fired, nullptr, counter::timers_fired},
    {metric::futex_waits, nullptr, counter::futex_waits},
    {metric::futex_wakes, nullptr, counter::futex_wakes},
    {metric::signals_delivered, nullptr, counter::signals_delivered},
    {metric::mutex_contentions, nullptr, counter::mutex_contended},
    {metric::page_faults, "anonymous", counter::page_faults_anonymous},
    {metric::page_faults, "anonymous_huge", counter::page_faults_huge},
    {metric::page_faults, "file", counter::page_faults_file},
    {metric::page_faults, "copy_on_write", counter::page_faults_copy_on_write},
    {metric::page_faults, "invalid", counter::page_faults_invalid},
    {metric::memory_reclaimed_bytes, nullptr, counter::page_cache_evictions, page_size},
    {metric::allocation_failures, nullptr, counter::allocation_failures},
    {metric::interrupts, "timer", counter::interrupts_timer},
    {metric::interrupts, "inter_processor", counter::interrupts_ipi},
    {metric::interrupts, "device", counter::interrupts_device},
    {metric::tcp_accepted, nullptr, counter::tcp_connections_accepted},
    {metric::tcp_opened, nullptr, counter::tcp_connections_opened},
    {metric::tcp_listen_overflows, nullptr, counter::tcp_listen_overflows},
    {metric::tcp_segments_received, nullptr, counter::tcp_segments_received},
    {metric::tcp_segments_sent, nullptr, counter::tcp_segments_sent},
    {metric::tcp_segments_retransmitted, nullptr, counter::tcp_segments_retransmitted},
    {metric::tcp_segments_out_of_order, nullptr, counter::tcp_out_of_order},
    {metric::tcp_resets_sent, nullptr, counter::tcp_resets_sent},
    {metric::tcp_challenge_acks, nullptr, counter::tcp_challenge_acks},
    {metric::tcp_received_bytes, nullptr, counter::tcp_received_bytes},
    {metric::tcp_sent_bytes, nullptr, counter::tcp_sent_bytes},
    {metric::udp_datagrams_received, nullptr, counter::udp_received},
    {metric::udp_datagrams_sent, nullptr, counter::udp_sent},
    {metric::block_requests, "read", counter::block_reads},
    {metric::block_requests, "write", counter::block_writes},
    {metric::block_requests, "flush", counter::block_flushes},
    {metric::block_requests, "discard", counter::block_discards},
    {metric::block_transferred_bytes, "read", counter::block_read_bytes},
    {metric::block_transferred_bytes, "write", counter::block_written_bytes},
    {metric::block_errors, nullptr, counter::block_errors},
    {metric::page_cache_hits, nullptr, counter::page_cache_hits},
    {metric::page_cache_misses, nullptr, counter::page_cache_misses},
    {metric::files_missing, nullptr, counter::files_missing},
    {metric::trace_events_lost, nullptr, counter::trace_events_lost},
};

struct histogram_row {
  metric which;
  trace::histogram histogram;
};
constexpr histogram_row histogram_rows[] = {
    {metric::run_queue_latency_seconds, trace::histogram::run_queue_latency},
    {metric::mutex_wait_seconds, trace::histogram::mutex_wait},
    {metric::page_fault_duration_seconds, trace::histogram::page_fault_latency},
    {metric::tcp_round_trip_seconds, trace::histogram::tcp_round_trip},
    {metric::block_request_duration_seconds, trace::histogram::block_latency},
};

trace::histogram_values total_of(trace::histogram which) {
  trace::histogram_values sum{};
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) {
    const trace::histogram_values& one = arch::values_of(cpu).histograms[static_cast<usize>(which)];
    for (unsigned i = 0; i < trace::histogram_buckets; ++i) sum.buckets[i] += __atomic_load_n(&one.buckets[i], __ATOMIC_RELAXED);
    sum.sum_nanoseconds += __atomic_load_n(&one.sum_nanoseconds, __ATOMIC_RELAXED);
  }
  return sum;
}

void register_counters() {
  for (const counter_row* row = counter_rows; row != std::end(counter_rows);) {
    const counter_row* first = row;
    while (row != std::end(counter_rows) && row->which == first->which) ++row;
    register_source(first->which, [first, row](sample_sink& sink) {
      for (const counter_row* r = first; r != row; ++r)
        sink.sample(r->label ? r->label : std::string_view(), static_cast<i64>(trace::total(r->counter) * r->unit));
    });
  }
  for (const histogram_row& row : histogram_rows)
    register_source(row.which, [which = row.histogram](sample_sink& sink) { sink.histogram({}, total_of(which)); });
}

nanoseconds idle_time(unsigned cpu) {
  const trace::cpu_values& values = arch::values_of(cpu);
  const u64 ended = __atomic_load_n(&values.counters[static_cast<usize>(counter::idle_nanoseconds)], __ATOMIC_RELAXED);
  const u64 since = __atomic_load_n(&values.idle_since, __ATOMIC_RELAXED);
  return static_cast<nanoseconds>(ended) + (since ? sched::now() - time_of(since) : 0);
}

/// A CPU that wakes up is seen for a moment without its last idle time; a counter must not go back all the same.
nanoseconds never_falling(nanoseconds& shown, nanoseconds value) {
  if (value > shown) shown = value;
  return shown;
}

void register_processors() {
  register_gauge(metric::cpus, [] { return arch::cpu_count; });
  register_source(metric::cpu_idle_seconds, [](sample_sink& sink) {
    static nanoseconds shown[arch::cpus_max];
    for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) sink.sample(formatted<8>("{}", cpu), never_falling(shown[cpu], idle_time(cpu)));
  });
  register_source(metric::cpu_busy_seconds, [](sample_sink& sink) {
    static nanoseconds shown[arch::cpus_max];
    for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu)
      sink.sample(formatted<8>("{}", cpu), never_falling(shown[cpu], sched::now() - idle_time(cpu)));
  });
}

void register_memory() {
  register_gauge(metric::memory_size_bytes, [] { return memory::statistics().total_bytes; });
  register_gauge(metric::memory_free_bytes, [] { return memory::statistics().free_bytes; });
  register_gauge(metric::memory_huge_page_bytes, [] { return memory::statistics().anonymous_huge_bytes; });
  register_source(metric::memory_used_bytes, [](sample_sink& sink) {
    const memory::frame_statistics s = memory::statistics();
    const auto sample = [&](memory_use use, u64 bytes) {
      sink.sample(memory_use_names[static_cast<usize>(use)], static_cast<i64>(bytes));
    };
    sample(memory_use::kernel_image, static_cast<u64>(kernel_end - kernel_start));
    sample(memory_use::kernel_heap, s.kernel_heap_bytes);
    sample(memory_use::page_tables, s.page_table_bytes);
    sample(memory_use::thread_stacks, s.thread_stack_bytes);
    sample(memory_use::anonymous, s.anonymous_bytes + s.anonymous_huge_bytes);
    sample(memory_use::page_cache, s.page_cache_bytes);
    sample(memory_use::network, s.network_bytes);
  });
}

void register_diagnostics() {
  register_source(metric::build_info, [](sample_sink& sink) { sink.sample(version(), 1); });
  register_gauge(metric::uptime_seconds, [] { return sched::now(); });
  register_gauge(metric::entropy_ready, [] { return sync::random_seeded() ? 1 : 0; });
  register_source(metric::log_lines, [](sample_sink& sink) {
    sink.sample("error", static_cast<i64>(log::lines_written(log::level::error)));
    sink.sample("warning", static_cast<i64>(log::lines_written(log::level::warning)));
    sink.sample("info", static_cast<i64>(log::lines_written(log::level::info)));
    sink.sample("debug", static_cast<i64>(log::lines_written(log::level::debug)));
  });
  register_source(metric::tracepoint_hits, [](sample_sink& sink) {
    for (const trace::tracepoint_base& point : trace::tracepoints())
      sink.sample(point.name, static_cast<i64>(__atomic_load_n(&point.hits, __ATOMIC_RELAXED)));
  });
  register_source(metric::management_requests, [](sample_sink& sink) {
    for (usize i = 0; i < std::size(management_requests); ++i)
      sink.sample(management_result_names[i], static_cast<i64>(management_requests[i].load(std::memory_order_relaxed)));
  });
}

}  // namespace

void register_source(metric which, sample_source source) { sources[static_cast<usize>(which)] = source; }
const sample_source& source_of(metric which) { return sources[static_cast<usize>(which)]; }

void register_kernel_sources() {
  register_counters();
  register_processors();
  register_memory();
  register_diagnostics();
  register_boot_phase_sources();
  register_self_check_sources();
}

void count_management_request(management_result result) {
  management_requests[static_cast<usize>(result)].fetch_add(1, std::memory_order_relaxed);
}

}  // namespace osv::telemetry
