import { scrapeJobs } from '@osv/contracts';
import { type Alert, sample } from './alert.ts';

const job = `job="${scrapeJobs.guest}"`;
const guest = '{{ $labels.namespace }}/{{ $labels.instance }}';
const app = '{{ $labels.namespace }}/{{ $labels.app }}';

/** Calls that every C library tries and does without: no reason to look. */
const harmlessCalls = 'rseq';

const restartsOfVirtualMachines = `sum by (namespace, app) (resets(${sample('osv_uptime_seconds')}{${job}}[15m]))`;
const restartsCountedByOperator = `sum by (namespace, app) (increase(${sample('osv_operator_instance_restarts_total')}[15m]))`;

const bootSecondsMax = 2;
const memoryUseMax = 0.92;
const retransmitShareMax = 0.02;
const mutexWaitPerCpuMax = 0.5;
const runQueueLatencySecondsMax = 0.1;

const retransmitted = `rate(${sample('osv_tcp_segments_retransmitted_total')}{${job}}[10m])`;
const sent = `rate(${sample('osv_tcp_segments_sent_total')}{${job}}[10m])`;

/** What can go wrong with guests. */
export const guestAlerts: readonly Alert[] = [
  {
    name: 'OsvAppDown',
    severity: 'critical',
    expr: `max by (namespace, app) (up{${job}}) == 0`,
    for: '2m',
    summary: `No instance of ${app} answers.`,
    description: `Prometheus could not read the metrics of any instance of ${app} for 2 minutes.`,
  },
  {
    name: 'OsvGuestDown',
    severity: 'warning',
    expr: `up{${job}} == 0`,
    for: '5m',
    summary: `The guest ${guest} does not answer.`,
    description: `Prometheus could not read the metrics of ${guest} of the app {{ $labels.app }} for 5 minutes.`,
  },
  {
    name: 'OsvGuestCrashLoop',
    severity: 'critical',
    // A virtual machine starts again under its name, an instance of a replica set under a new one, which only the
    // operator can count.
    expr: `${restartsOfVirtualMachines} > 2 or ${restartsCountedByOperator} > 2`,
    summary: `Instances of ${app} end again and again.`,
    description: `Instances of ${app} were started again {{ $value | printf "%.0f" }} times in 15 minutes.`,
  },
  {
    name: 'OsvBootSlow',
    severity: 'info',
    expr: `${sample('osv_boot_seconds')}{${job}} > ${bootSecondsMax}`,
    summary: `The guest ${guest} booted slowly.`,
    description: `${guest} took {{ $value | humanizeDuration }} from the kernel's entry to the program's first instruction.`,
  },
  {
    name: 'OsvMemoryNearlyFull',
    severity: 'warning',
    // The page cache is given back under pressure.
    expr: `1 - (${sample('osv_memory_free_bytes')}{${job}} + ignoring (use) ${sample('osv_memory_used_bytes')}{${job}, use="page_cache"}) / ${sample('osv_memory_size_bytes')}{${job}} > ${memoryUseMax}`,
    for: '10m',
    summary: `The memory of the guest ${guest} is nearly full.`,
    description: `{{ $value | humanizePercentage }} of the memory of ${guest} cannot be given back. Soon allocations fail.`,
  },
  {
    name: 'OsvAllocationFailures',
    severity: 'warning',
    expr: `increase(${sample('osv_allocation_failures_total')}{${job}}[10m]) > 0`,
    summary: `The guest ${guest} has no memory left.`,
    description: `{{ $value | printf "%.0f" }} allocations failed in ${guest} within 10 minutes.`,
  },
  {
    name: 'OsvTcpRetransmitsHigh',
    severity: 'warning',
    expr: `${retransmitted} / ${sent} > ${retransmitShareMax} and ${sent} > 10`,
    for: '15m',
    summary: `The network of the guest ${guest} loses packets.`,
    description: `${guest} had to send {{ $value | humanizePercentage }} of its TCP segments again.`,
  },
  {
    name: 'OsvLockContentionHigh',
    severity: 'warning',
    expr: `rate(${sample('osv_mutex_wait_seconds', '_sum')}{${job}}[5m]) / ${sample('osv_cpus')}{${job}} > ${mutexWaitPerCpuMax}`,
    for: '15m',
    summary: `Threads of the guest ${guest} wait for the kernel's mutexes.`,
    description: `In ${guest}, {{ $value | printf "%.1f" }} threads a CPU waited for mutexes of the kernel on average.`,
  },
  {
    name: 'OsvRunQueueLatencyHigh',
    severity: 'warning',
    expr: `histogram_quantile(0.99, sum by (namespace, app, instance, le) (rate(${sample('osv_run_queue_latency_seconds', '_bucket')}{${job}}[5m]))) > ${runQueueLatencySecondsMax}`,
    for: '15m',
    summary: `Threads of the guest ${guest} wait for a CPU.`,
    description: `In ${guest}, a hundredth of the threads waited longer than {{ $value | humanizeDuration }} between becoming runnable and running.`,
  },
  {
    name: 'OsvUnimplementedSystemCall',
    severity: 'info',
    expr: `sum by (namespace, app, name) (${sample('osv_syscalls_unimplemented_total')}{${job}, name!~"${harmlessCalls}"}) > 0`,
    summary: `${app} makes a system call that the kernel lacks.`,
    description: `${app} called {{ $labels.name }} {{ $value | printf "%.0f" }} times and was told that it does not exist (ENOSYS).`,
  },
  {
    name: 'OsvSelfCheckFailed',
    severity: 'critical',
    expr: `${sample('osv_self_check_passed')}{${job}} == 0`,
    summary: `A protection of the guest ${guest} does not work.`,
    description: `The kernel of ${guest} found at its boot that {{ $labels.check }} does not hold.`,
  },
];
