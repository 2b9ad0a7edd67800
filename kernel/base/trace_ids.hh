// The always-on counters and latency histograms, one enumerator each. The per-CPU block holds their values, so that
// counting is one instruction. `telemetry/` maps them to the metrics of contracts/metrics.json.
#pragma once

#include "base/types.hh"

namespace osv::trace {

enum class counter : u16 {
  context_switches,
  preemptions,
  wake_ups,
  migrations,
  page_faults_anonymous,
  page_faults_file,
  page_faults_copy_on_write,
  page_faults_huge,
  page_faults_invalid,
  mutex_contended,
  mutex_wait_nanoseconds,
  interrupts_device,
  interrupts_timer,
  interrupts_ipi,
  system_calls,
  system_calls_unimplemented,
  signals_delivered,
  futex_waits,
  futex_wakes,
  idle_nanoseconds,
  block_reads,
  block_writes,
  block_read_bytes,
  block_written_bytes,
  block_errors,
  network_received_packets,
  network_received_bytes,
  network_transmitted_packets,
  network_transmitted_bytes,
  network_dropped_packets,
  network_checksum_errors,
  tcp_segments_received,
  tcp_segments_sent,
  tcp_segments_retransmitted,
  tcp_fast_retransmits,
  tcp_timeouts,
  tcp_out_of_order,
  tcp_resets_sent,
  tcp_resets_received,
  tcp_connections_opened,
  tcp_connections_accepted,
  tcp_listen_overflows,
  udp_received,
  udp_sent,
  udp_dropped,
  page_cache_hits,
  page_cache_misses,
  page_cache_evictions,  // pages
  wake_ups_remote,       // put on another CPU's run queue
  threads_created,
  timers_fired,
  allocation_failures,
  tcp_challenge_acks,
  tcp_received_bytes,  // payload, in order
  tcp_sent_bytes,      // payload, first transmission
  block_flushes,
  block_discards,
  files_missing,  // opens that ended with ENOENT
  trace_events_lost,
  count
};

enum class histogram : u16 {
  run_queue_latency,
  mutex_wait,
  block_latency,
  page_fault_latency,
  tcp_round_trip,
  count
};

/// Buckets are powers of two of nanoseconds: bucket i counts values below 2^(i + histogram_first_bit).
constexpr unsigned histogram_first_bit = 7;  // 128 ns
constexpr unsigned histogram_buckets = 27;   // the last bucket takes everything of about 8.6 s and above

struct histogram_values {
  u64 buckets[histogram_buckets];
  u64 sum_nanoseconds;
};

/// What the per-CPU block holds.
struct cpu_values {
  u64 counters[static_cast<usize>(counter::count)];
  histogram_values histograms[static_cast<usize>(histogram::count)];
  u64 idle_since;  // arch::timestamp() when the CPU halted; 0: it runs. idle_nanoseconds grows when the halt ends.
};

}  // namespace osv::trace
