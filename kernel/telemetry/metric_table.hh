// Generated from contracts/metrics.json by `npm run generate`; do not edit.
#pragma once

namespace osv::telemetry {

// What each metric counts. The sample's name is in metric_table, at the same index.
enum class metric : unsigned short {
    context_switches,
    preemptions,
    wakeups,
    wakeups_remote,
    thread_migrations,
    run_queue_latency_seconds,
    threads,
    threads_created,
    cpus,
    cpu_busy_seconds,
    cpu_idle_seconds,
    timers_fired,
    futex_waits,
    futex_wakes,
    signals_delivered,
    mutex_contentions,
    mutex_wait_seconds,
    syscalls,
    syscall_duration_seconds,
    syscalls_unimplemented,
    page_faults,
    page_fault_duration_seconds,
    memory_size_bytes,
    memory_free_bytes,
    memory_used_bytes,
    memory_huge_page_bytes,
    memory_reclaimed_bytes,
    allocation_failures,
    interrupts,
    network_receive_bytes,
    network_transmit_bytes,
    network_receive_packets,
    network_transmit_packets,
    network_drops,
    tcp_connections,
    tcp_accepted,
    tcp_opened,
    tcp_listen_overflows,
    tcp_segments_received,
    tcp_segments_sent,
    tcp_segments_retransmitted,
    tcp_segments_out_of_order,
    tcp_resets_sent,
    tcp_challenge_acks,
    tcp_received_bytes,
    tcp_sent_bytes,
    tcp_round_trip_seconds,
    udp_datagrams_received,
    udp_datagrams_sent,
    block_requests,
    block_request_duration_seconds,
    block_transferred_bytes,
    block_errors,
    page_cache_hits,
    page_cache_misses,
    files_open,
    files_missing,
    build_info,
    boot_seconds,
    boot_phase_seconds,
    uptime_seconds,
    self_check_passed,
    aslr_entropy,
    entropy_ready,
    log_lines,
    tracepoint_hits,
    trace_events_lost,
    management_requests,
    count
};

enum class metric_type : unsigned char { counter, gauge, histogram };

// A histogram bucket's inclusive upper bound, and the same in seconds for the label `le`. The bucket `+Inf` is
// not listed.
struct bucket_bound {
    unsigned long long nanoseconds;
    const char* seconds;
};

// One row of the table. `name` is the sample's name in the Prometheus text format; in OpenMetrics a counter's
// family is called the same without `_total`. A metric whose unit is "seconds" is kept in nanoseconds.
struct metric_description {
    const char* name;
    metric_type type;
    const char* unit;  // "seconds", "bytes" or nullptr
    const char* help;
    const char* label;  // the one label's name, or nullptr
    const char* const* label_values;  // its values where they are known beforehand, else nullptr
    unsigned long label_value_count;
    const bucket_bound* buckets;  // histograms only
    unsigned long bucket_count;
};

enum class boot_phase : unsigned short {
    entry,
    memory,
    processors,
    devices,
    network,
    file_systems,
    program_load,
    count
};
inline constexpr const char* boot_phase_names[] = {
    "entry",
    "memory",
    "processors",
    "devices",
    "network",
    "file_systems",
    "program_load",
};

enum class self_check : unsigned short {
    aslr,
    write_xor_execute,
    stack_protector,
    heap,
    entropy,
    null_page,
    guard_pages,
    open_ports,
    count
};
inline constexpr const char* self_check_names[] = {
    "aslr",
    "write_xor_execute",
    "stack_protector",
    "heap",
    "entropy",
    "null_page",
    "guard_pages",
    "open_ports",
};

enum class aslr_area : unsigned short {
    kernel,
    program,
    loader,
    mmap,
    stack,
    heap,
    count
};
inline constexpr const char* aslr_area_names[] = {
    "kernel",
    "program",
    "loader",
    "mmap",
    "stack",
    "heap",
};

enum class thread_state : unsigned short {
    running,
    runnable,
    blocked,
    count
};
inline constexpr const char* thread_state_names[] = {
    "running",
    "runnable",
    "blocked",
};

enum class page_fault_kind : unsigned short {
    anonymous,
    anonymous_huge,
    file,
    copy_on_write,
    invalid,
    count
};
inline constexpr const char* page_fault_kind_names[] = {
    "anonymous",
    "anonymous_huge",
    "file",
    "copy_on_write",
    "invalid",
};

enum class memory_use : unsigned short {
    kernel_image,
    kernel_heap,
    page_tables,
    thread_stacks,
    anonymous,
    page_cache,
    network,
    count
};
inline constexpr const char* memory_use_names[] = {
    "kernel_image",
    "kernel_heap",
    "page_tables",
    "thread_stacks",
    "anonymous",
    "page_cache",
    "network",
};

enum class interrupt_source : unsigned short {
    timer,
    inter_processor,
    device,
    count
};
inline constexpr const char* interrupt_source_names[] = {
    "timer",
    "inter_processor",
    "device",
};

enum class network_drop : unsigned short {
    no_buffer,
    bad_checksum,
    malformed,
    no_listener,
    queue_full,
    not_for_us,
    device_full,
    count
};
inline constexpr const char* network_drop_names[] = {
    "no_buffer",
    "bad_checksum",
    "malformed",
    "no_listener",
    "queue_full",
    "not_for_us",
    "device_full",
};

enum class tcp_state : unsigned short {
    listen,
    syn_sent,
    syn_received,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait,
    count
};
inline constexpr const char* tcp_state_names[] = {
    "listen",
    "syn_sent",
    "syn_received",
    "established",
    "fin_wait_1",
    "fin_wait_2",
    "close_wait",
    "closing",
    "last_ack",
    "time_wait",
};

enum class block_operation : unsigned short {
    read,
    write,
    flush,
    discard,
    count
};
inline constexpr const char* block_operation_names[] = {
    "read",
    "write",
    "flush",
    "discard",
};

enum class block_transfer : unsigned short {
    read,
    write,
    count
};
inline constexpr const char* block_transfer_names[] = {
    "read",
    "write",
};

enum class log_level : unsigned short {
    debug,
    info,
    warning,
    error,
    count
};
inline constexpr const char* log_level_names[] = {
    "debug",
    "info",
    "warning",
    "error",
};

enum class management_result : unsigned short {
    ok,
    bad_request,
    unauthorized,
    not_found,
    too_many,
    count
};
inline constexpr const char* management_result_names[] = {
    "ok",
    "bad_request",
    "unauthorized",
    "not_found",
    "too_many",
};

inline constexpr bucket_bound system_call_buckets[] = {
    {128ull, "0.000000128"},
    {512ull, "0.000000512"},
    {2048ull, "0.000002048"},
    {8192ull, "0.000008192"},
    {32768ull, "0.000032768"},
    {131072ull, "0.000131072"},
    {524288ull, "0.000524288"},
    {2097152ull, "0.002097152"},
    {8388608ull, "0.008388608"},
    {33554432ull, "0.033554432"},
    {134217728ull, "0.134217728"},
    {536870912ull, "0.536870912"},
    {2147483648ull, "2.147483648"},
};

inline constexpr bucket_bound scheduling_buckets[] = {
    {256ull, "0.000000256"},
    {1024ull, "0.000001024"},
    {4096ull, "0.000004096"},
    {16384ull, "0.000016384"},
    {65536ull, "0.000065536"},
    {262144ull, "0.000262144"},
    {1048576ull, "0.001048576"},
    {4194304ull, "0.004194304"},
    {16777216ull, "0.016777216"},
    {67108864ull, "0.067108864"},
    {268435456ull, "0.268435456"},
    {1073741824ull, "1.073741824"},
    {4294967296ull, "4.294967296"},
};

inline constexpr bucket_bound input_output_buckets[] = {
    {4096ull, "0.000004096"},
    {16384ull, "0.000016384"},
    {65536ull, "0.000065536"},
    {262144ull, "0.000262144"},
    {1048576ull, "0.001048576"},
    {4194304ull, "0.004194304"},
    {16777216ull, "0.016777216"},
    {67108864ull, "0.067108864"},
    {268435456ull, "0.268435456"},
    {1073741824ull, "1.073741824"},
    {4294967296ull, "4.294967296"},
};

inline constexpr metric_description metric_table[] = {
    {"osv_context_switches_total", metric_type::counter, nullptr,
     "Switches from one thread to another, on all CPUs.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_preemptions_total", metric_type::counter, nullptr,
     "Context switches that the running thread did not ask for.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_wakeups_total", metric_type::counter, nullptr,
     "Threads made runnable after they had blocked.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_wakeups_remote_total", metric_type::counter, nullptr,
     "Wake-ups whose thread was put on another CPU's run queue.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_thread_migrations_total", metric_type::counter, nullptr,
     "Threads that an idle CPU pulled from another CPU.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_run_queue_latency_seconds", metric_type::histogram, "seconds",
     "Time a thread waited between becoming runnable and running.",
     nullptr, nullptr, 0, scheduling_buckets, sizeof(scheduling_buckets) / sizeof(scheduling_buckets[0])},
    {"osv_threads", metric_type::gauge, nullptr,
     "Threads of the program and the kernel, by state.",
     "state", thread_state_names, sizeof(thread_state_names) / sizeof(thread_state_names[0]), nullptr, 0},
    {"osv_threads_created_total", metric_type::counter, nullptr,
     "Threads created since boot.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_cpus", metric_type::gauge, nullptr,
     "CPUs that are online.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_cpu_busy_seconds_total", metric_type::counter, "seconds",
     "Time a CPU ran threads.",
     "cpu", nullptr, 0, nullptr, 0},
    {"osv_cpu_idle_seconds_total", metric_type::counter, "seconds",
     "Time a CPU was halted.",
     "cpu", nullptr, 0, nullptr, 0},
    {"osv_timers_fired_total", metric_type::counter, nullptr,
     "Kernel timers that expired.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_futex_waits_total", metric_type::counter, nullptr,
     "Futex waits that blocked.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_futex_wakes_total", metric_type::counter, nullptr,
     "Threads woken by futex operations.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_signals_delivered_total", metric_type::counter, nullptr,
     "Signals delivered to the program.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_mutex_contentions_total", metric_type::counter, nullptr,
     "Kernel mutexes that were held when a thread wanted them.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_mutex_wait_seconds", metric_type::histogram, "seconds",
     "Time threads waited for contended kernel mutexes.",
     nullptr, nullptr, 0, scheduling_buckets, sizeof(scheduling_buckets) / sizeof(scheduling_buckets[0])},
    {"osv_syscalls_total", metric_type::counter, nullptr,
     "System calls made by the program, by name.",
     "name", nullptr, 0, nullptr, 0},
    {"osv_syscall_duration_seconds", metric_type::histogram, "seconds",
     "Time from entry to return of system calls, by name, blocking included; the first call and then one in sixteen of each name and CPU is measured.",
     "name", nullptr, 0, system_call_buckets, sizeof(system_call_buckets) / sizeof(system_call_buckets[0])},
    {"osv_syscalls_unimplemented_total", metric_type::counter, nullptr,
     "System calls answered with ENOSYS because the kernel lacks them.",
     "name", nullptr, 0, nullptr, 0},
    {"osv_page_faults_total", metric_type::counter, nullptr,
     "Page faults, by what resolved them.",
     "kind", page_fault_kind_names, sizeof(page_fault_kind_names) / sizeof(page_fault_kind_names[0]), nullptr, 0},
    {"osv_page_fault_duration_seconds", metric_type::histogram, "seconds",
     "Time to resolve a page fault.",
     nullptr, nullptr, 0, system_call_buckets, sizeof(system_call_buckets) / sizeof(system_call_buckets[0])},
    {"osv_memory_size_bytes", metric_type::gauge, "bytes",
     "Memory that the machine gave to the kernel.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_memory_free_bytes", metric_type::gauge, "bytes",
     "Memory that nothing uses.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_memory_used_bytes", metric_type::gauge, "bytes",
     "Memory in use, by use.",
     "use", memory_use_names, sizeof(memory_use_names) / sizeof(memory_use_names[0]), nullptr, 0},
    {"osv_memory_huge_page_bytes", metric_type::gauge, "bytes",
     "Program memory that is mapped with 2 MiB pages.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_memory_reclaimed_bytes_total", metric_type::counter, "bytes",
     "Page cache given back under memory pressure.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_allocation_failures_total", metric_type::counter, nullptr,
     "Memory allocations that could not be met.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_interrupts_total", metric_type::counter, nullptr,
     "Interrupts, by source.",
     "source", interrupt_source_names, sizeof(interrupt_source_names) / sizeof(interrupt_source_names[0]), nullptr, 0},
    {"osv_network_receive_bytes_total", metric_type::counter, "bytes",
     "Bytes received by a network interface.",
     "interface", nullptr, 0, nullptr, 0},
    {"osv_network_transmit_bytes_total", metric_type::counter, "bytes",
     "Bytes sent by a network interface.",
     "interface", nullptr, 0, nullptr, 0},
    {"osv_network_receive_packets_total", metric_type::counter, nullptr,
     "Frames received by a network interface.",
     "interface", nullptr, 0, nullptr, 0},
    {"osv_network_transmit_packets_total", metric_type::counter, nullptr,
     "Frames sent by a network interface.",
     "interface", nullptr, 0, nullptr, 0},
    {"osv_network_drops_total", metric_type::counter, nullptr,
     "Packets that were dropped, by reason: device_full those that were to be sent, the others those that were received.",
     "reason", network_drop_names, sizeof(network_drop_names) / sizeof(network_drop_names[0]), nullptr, 0},
    {"osv_tcp_connections", metric_type::gauge, nullptr,
     "TCP connections, by state (RFC 9293).",
     "state", tcp_state_names, sizeof(tcp_state_names) / sizeof(tcp_state_names[0]), nullptr, 0},
    {"osv_tcp_accepted_total", metric_type::counter, nullptr,
     "TCP connections that peers opened.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_opened_total", metric_type::counter, nullptr,
     "TCP connections that the program opened.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_listen_overflows_total", metric_type::counter, nullptr,
     "Connection attempts dropped because a listen queue was full.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_segments_received_total", metric_type::counter, nullptr,
     "TCP segments received.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_segments_sent_total", metric_type::counter, nullptr,
     "TCP segments sent, retransmissions included.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_segments_retransmitted_total", metric_type::counter, nullptr,
     "TCP segments sent again.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_segments_out_of_order_total", metric_type::counter, nullptr,
     "TCP segments received ahead of a gap.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_resets_sent_total", metric_type::counter, nullptr,
     "TCP segments sent with RST.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_challenge_acks_total", metric_type::counter, nullptr,
     "Challenge ACKs sent (RFC 5961).",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_received_bytes_total", metric_type::counter, "bytes",
     "TCP payload received in order.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_sent_bytes_total", metric_type::counter, "bytes",
     "TCP payload sent for the first time.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_tcp_round_trip_seconds", metric_type::histogram, "seconds",
     "Round-trip times measured by TCP (RFC 6298).",
     nullptr, nullptr, 0, input_output_buckets, sizeof(input_output_buckets) / sizeof(input_output_buckets[0])},
    {"osv_udp_datagrams_received_total", metric_type::counter, nullptr,
     "UDP datagrams delivered to sockets.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_udp_datagrams_sent_total", metric_type::counter, nullptr,
     "UDP datagrams sent.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_block_requests_total", metric_type::counter, nullptr,
     "Block requests completed, by operation.",
     "operation", block_operation_names, sizeof(block_operation_names) / sizeof(block_operation_names[0]), nullptr, 0},
    {"osv_block_request_duration_seconds", metric_type::histogram, "seconds",
     "Time from submission to completion of block requests.",
     nullptr, nullptr, 0, input_output_buckets, sizeof(input_output_buckets) / sizeof(input_output_buckets[0])},
    {"osv_block_transferred_bytes_total", metric_type::counter, "bytes",
     "Bytes moved by block requests.",
     "operation", block_transfer_names, sizeof(block_transfer_names) / sizeof(block_transfer_names[0]), nullptr, 0},
    {"osv_block_errors_total", metric_type::counter, nullptr,
     "Block requests that the device failed.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_page_cache_hits_total", metric_type::counter, nullptr,
     "File pages found in the page cache.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_page_cache_misses_total", metric_type::counter, nullptr,
     "File pages read from a device.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_files_open", metric_type::gauge, nullptr,
     "Open file descriptors of the program.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_files_missing_total", metric_type::counter, nullptr,
     "Opens of paths that do not exist.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_build_info", metric_type::gauge, nullptr,
     "1, with the kernel's version as label.",
     "version", nullptr, 0, nullptr, 0},
    {"osv_boot_seconds", metric_type::gauge, "seconds",
     "Time from the kernel's entry to the program's first instruction.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_boot_phase_seconds", metric_type::gauge, "seconds",
     "Time spent in each phase of the boot.",
     "phase", boot_phase_names, sizeof(boot_phase_names) / sizeof(boot_phase_names[0]), nullptr, 0},
    {"osv_uptime_seconds", metric_type::gauge, "seconds",
     "Time since the kernel's entry.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_self_check_passed", metric_type::gauge, nullptr,
     "1 if the kernel's security check passed at boot, else 0.",
     "check", self_check_names, sizeof(self_check_names) / sizeof(self_check_names[0]), nullptr, 0},
    {"osv_aslr_entropy", metric_type::gauge, nullptr,
     "Random bits in the address of an area.",
     "area", aslr_area_names, sizeof(aslr_area_names) / sizeof(aslr_area_names[0]), nullptr, 0},
    {"osv_entropy_ready", metric_type::gauge, nullptr,
     "1 once the random number generator is seeded.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_log_lines_total", metric_type::counter, nullptr,
     "Lines that the kernel logged, by level.",
     "level", log_level_names, sizeof(log_level_names) / sizeof(log_level_names[0]), nullptr, 0},
    {"osv_tracepoint_hits_total", metric_type::counter, nullptr,
     "Times that an enabled tracepoint was passed.",
     "tracepoint", nullptr, 0, nullptr, 0},
    {"osv_trace_events_lost_total", metric_type::counter, nullptr,
     "Trace events overwritten before anybody read them.",
     nullptr, nullptr, 0, nullptr, 0},
    {"osv_management_requests_total", metric_type::counter, nullptr,
     "Requests to the management port, by result.",
     "result", management_result_names, sizeof(management_result_names) / sizeof(management_result_names[0]), nullptr, 0},
};
static_assert(sizeof(metric_table) / sizeof(metric_table[0]) == static_cast<unsigned long>(metric::count));

}  // namespace osv::telemetry
