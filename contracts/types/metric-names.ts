// Generated from contracts/metrics.json and contracts/operator-metrics.json by `npm run generate`; do not edit.

export type GuestCounter =
  | 'osv_context_switches_total'
  | 'osv_preemptions_total'
  | 'osv_wakeups_total'
  | 'osv_wakeups_remote_total'
  | 'osv_thread_migrations_total'
  | 'osv_threads_created_total'
  | 'osv_cpu_busy_seconds_total'
  | 'osv_cpu_idle_seconds_total'
  | 'osv_timers_fired_total'
  | 'osv_futex_waits_total'
  | 'osv_futex_wakes_total'
  | 'osv_signals_delivered_total'
  | 'osv_mutex_contentions_total'
  | 'osv_syscalls_total'
  | 'osv_syscalls_unimplemented_total'
  | 'osv_page_faults_total'
  | 'osv_memory_reclaimed_bytes_total'
  | 'osv_allocation_failures_total'
  | 'osv_interrupts_total'
  | 'osv_network_receive_bytes_total'
  | 'osv_network_transmit_bytes_total'
  | 'osv_network_receive_packets_total'
  | 'osv_network_transmit_packets_total'
  | 'osv_network_drops_total'
  | 'osv_tcp_accepted_total'
  | 'osv_tcp_opened_total'
  | 'osv_tcp_listen_overflows_total'
  | 'osv_tcp_segments_received_total'
  | 'osv_tcp_segments_sent_total'
  | 'osv_tcp_segments_retransmitted_total'
  | 'osv_tcp_segments_out_of_order_total'
  | 'osv_tcp_resets_sent_total'
  | 'osv_tcp_challenge_acks_total'
  | 'osv_tcp_received_bytes_total'
  | 'osv_tcp_sent_bytes_total'
  | 'osv_udp_datagrams_received_total'
  | 'osv_udp_datagrams_sent_total'
  | 'osv_block_requests_total'
  | 'osv_block_transferred_bytes_total'
  | 'osv_block_errors_total'
  | 'osv_page_cache_hits_total'
  | 'osv_page_cache_misses_total'
  | 'osv_files_missing_total'
  | 'osv_log_lines_total'
  | 'osv_tracepoint_hits_total'
  | 'osv_trace_events_lost_total'
  | 'osv_management_requests_total';

export type GuestGauge =
  | 'osv_threads'
  | 'osv_cpus'
  | 'osv_memory_size_bytes'
  | 'osv_memory_free_bytes'
  | 'osv_memory_used_bytes'
  | 'osv_memory_huge_page_bytes'
  | 'osv_tcp_connections'
  | 'osv_files_open'
  | 'osv_build_info'
  | 'osv_boot_seconds'
  | 'osv_boot_phase_seconds'
  | 'osv_uptime_seconds'
  | 'osv_self_check_passed'
  | 'osv_aslr_entropy'
  | 'osv_entropy_ready';

export type GuestHistogram =
  | 'osv_run_queue_latency_seconds'
  | 'osv_mutex_wait_seconds'
  | 'osv_syscall_duration_seconds'
  | 'osv_page_fault_duration_seconds'
  | 'osv_tcp_round_trip_seconds'
  | 'osv_block_request_duration_seconds';

export type OperatorCounter =
  | 'osv_operator_reconcile_total'
  | 'osv_operator_handler_failures_total'
  | 'osv_operator_workqueue_adds_total'
  | 'osv_operator_workqueue_retries_total'
  | 'osv_operator_workqueue_full_total'
  | 'osv_operator_lists_total'
  | 'osv_operator_watch_restarts_total'
  | 'osv_operator_events_dropped_total'
  | 'osv_operator_api_requests_total'
  | 'osv_operator_instance_restarts_total'
  | 'osv_operator_builds_total';

export type OperatorGauge =
  | 'osv_operator_build_info'
  | 'osv_operator_leading'
  | 'osv_operator_workqueue_depth'
  | 'osv_operator_workqueue_delayed'
  | 'osv_operator_workqueue_longest_running_seconds'
  | 'osv_operator_listed_objects'
  | 'osv_operator_apps'
  | 'osv_operator_instances'
  | 'osv_operator_builds_running';

export type OperatorHistogram =
  | 'osv_operator_reconcile_duration_seconds'
  | 'osv_operator_workqueue_queue_duration_seconds'
  | 'osv_operator_workqueue_work_duration_seconds'
  | 'osv_operator_api_request_duration_seconds'
  | 'osv_operator_build_duration_seconds';

/** The labels that a metric has besides those of its target. */
export interface MetricLabels {
  osv_context_switches_total: never;
  osv_preemptions_total: never;
  osv_wakeups_total: never;
  osv_wakeups_remote_total: never;
  osv_thread_migrations_total: never;
  osv_run_queue_latency_seconds: never;
  osv_threads: 'state';
  osv_threads_created_total: never;
  osv_cpus: never;
  osv_cpu_busy_seconds_total: 'cpu';
  osv_cpu_idle_seconds_total: 'cpu';
  osv_timers_fired_total: never;
  osv_futex_waits_total: never;
  osv_futex_wakes_total: never;
  osv_signals_delivered_total: never;
  osv_mutex_contentions_total: never;
  osv_mutex_wait_seconds: never;
  osv_syscalls_total: 'name';
  osv_syscall_duration_seconds: 'name';
  osv_syscalls_unimplemented_total: 'name';
  osv_page_faults_total: 'kind';
  osv_page_fault_duration_seconds: never;
  osv_memory_size_bytes: never;
  osv_memory_free_bytes: never;
  osv_memory_used_bytes: 'use';
  osv_memory_huge_page_bytes: never;
  osv_memory_reclaimed_bytes_total: never;
  osv_allocation_failures_total: never;
  osv_interrupts_total: 'source';
  osv_network_receive_bytes_total: 'interface';
  osv_network_transmit_bytes_total: 'interface';
  osv_network_receive_packets_total: 'interface';
  osv_network_transmit_packets_total: 'interface';
  osv_network_drops_total: 'reason';
  osv_tcp_connections: 'state';
  osv_tcp_accepted_total: never;
  osv_tcp_opened_total: never;
  osv_tcp_listen_overflows_total: never;
  osv_tcp_segments_received_total: never;
  osv_tcp_segments_sent_total: never;
  osv_tcp_segments_retransmitted_total: never;
  osv_tcp_segments_out_of_order_total: never;
  osv_tcp_resets_sent_total: never;
  osv_tcp_challenge_acks_total: never;
  osv_tcp_received_bytes_total: never;
  osv_tcp_sent_bytes_total: never;
  osv_tcp_round_trip_seconds: never;
  osv_udp_datagrams_received_total: never;
  osv_udp_datagrams_sent_total: never;
  osv_block_requests_total: 'operation';
  osv_block_request_duration_seconds: never;
  osv_block_transferred_bytes_total: 'operation';
  osv_block_errors_total: never;
  osv_page_cache_hits_total: never;
  osv_page_cache_misses_total: never;
  osv_files_open: never;
  osv_files_missing_total: never;
  osv_build_info: 'version';
  osv_boot_seconds: never;
  osv_boot_phase_seconds: 'phase';
  osv_uptime_seconds: never;
  osv_self_check_passed: 'check';
  osv_aslr_entropy: 'area';
  osv_entropy_ready: never;
  osv_log_lines_total: 'level';
  osv_tracepoint_hits_total: 'tracepoint';
  osv_trace_events_lost_total: never;
  osv_management_requests_total: 'result';
  osv_operator_build_info: 'version';
  osv_operator_leading: 'lease';
  osv_operator_reconcile_total: 'controller' | 'result';
  osv_operator_reconcile_duration_seconds: 'controller';
  osv_operator_workqueue_depth: 'name';
  osv_operator_workqueue_delayed: 'name';
  osv_operator_workqueue_longest_running_seconds: 'name';
  osv_operator_handler_failures_total: 'resource';
  osv_operator_workqueue_adds_total: 'name';
  osv_operator_workqueue_retries_total: 'name';
  osv_operator_workqueue_full_total: 'name';
  osv_operator_workqueue_queue_duration_seconds: 'name';
  osv_operator_workqueue_work_duration_seconds: 'name';
  osv_operator_lists_total: 'resource';
  osv_operator_listed_objects: 'resource';
  osv_operator_watch_restarts_total: 'resource' | 'reason';
  osv_operator_events_dropped_total: never;
  osv_operator_api_requests_total: 'verb' | 'resource' | 'status';
  osv_operator_api_request_duration_seconds: 'verb';
  osv_operator_apps: 'state';
  osv_operator_instances: 'state';
  osv_operator_instance_restarts_total: 'namespace' | 'app';
  osv_operator_builds_total: 'result';
  osv_operator_builds_running: never;
  osv_operator_build_duration_seconds: never;
}
