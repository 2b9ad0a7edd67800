import { expect, test } from 'vitest';
import { guestAlerts } from './guest-alerts.ts';
import { type AlertCase, promtoolTest } from './testing.ts';

const target = 'job="osv", namespace="shop", app="cache", instance="cache-0"';
const other = 'job="osv", namespace="shop", app="cache", instance="cache-1"';
const labels = { job: 'osv', namespace: 'shop', app: 'cache', instance: 'cache-0' };
const appLabels = { namespace: 'shop', app: 'cache' };

const cases: AlertCase[] = [
  {
    alert: 'OsvAppDown',
    when: 'no instance answers',
    series: { [`up{${target}}`]: '1 0x10', [`up{${other}}`]: '0x10' },
    at: '4m',
    fires: [
      {
        labels: appLabels,
        summary: 'No instance of shop/cache answers.',
        description: 'Prometheus could not read the metrics of any instance of shop/cache for 2 minutes.',
      },
    ],
  },
  {
    alert: 'OsvAppDown',
    when: 'one of two instances answers',
    series: { [`up{${target}}`]: '0x10', [`up{${other}}`]: '1x10' },
    at: '10m',
    fires: [],
  },
  {
    alert: 'OsvGuestDown',
    when: 'it has not answered for 5 minutes',
    series: { [`up{${target}}`]: '1 1 0x10', [`up{${other}}`]: '1x12' },
    at: '8m',
    fires: [
      {
        labels,
        summary: 'The guest shop/cache-0 does not answer.',
        description: 'Prometheus could not read the metrics of shop/cache-0 of the app cache for 5 minutes.',
      },
    ],
  },
  {
    alert: 'OsvGuestDown',
    when: 'it missed two scrapes only, or is no guest',
    series: { [`up{${target}}`]: '1 1 0 0 1x10', 'up{job="other"}': '0x14' },
    at: '10m',
    fires: [],
  },
  {
    alert: 'OsvGuestCrashLoop',
    when: 'a virtual machine restarts under its name',
    series: { [`osv_uptime_seconds{${target}}`]: '10 70 5 65 5 65 5 65' },
    at: '7m',
    fires: [
      {
        labels: appLabels,
        summary: 'Instances of shop/cache end again and again.',
        description: 'Instances of shop/cache were started again 3 times in 15 minutes.',
      },
    ],
  },
  {
    alert: 'OsvGuestCrashLoop',
    when: 'the operator counts restarts under changing names',
    series: { 'osv_operator_instance_restarts_total{job="osv-operator", namespace="shop", app="cache"}': '0+1x20' },
    at: '15m',
    fires: [
      {
        labels: appLabels,
        summary: 'Instances of shop/cache end again and again.',
        description: 'Instances of shop/cache were started again 15 times in 15 minutes.',
      },
    ],
  },
  {
    alert: 'OsvGuestCrashLoop',
    when: 'a rolling update replaces instances',
    series: {
      [`osv_uptime_seconds{${target}}`]: '600+60x3 stale',
      [`osv_uptime_seconds{${other}}`]: '_x3 1+60x10',
      'osv_operator_instance_restarts_total{job="osv-operator", namespace="shop", app="cache"}': '7x20',
    },
    at: '10m',
    fires: [],
  },
  {
    alert: 'OsvBootSlow',
    when: 'a boot took longer than 2 seconds',
    series: { [`osv_boot_seconds{${target}}`]: '2.5x5', [`osv_boot_seconds{${other}}`]: '0.06x5' },
    at: '2m',
    fires: [
      {
        labels,
        summary: 'The guest shop/cache-0 booted slowly.',
        description: "shop/cache-0 took 2.5s from the kernel's entry to the program's first instruction.",
      },
    ],
  },
  {
    alert: 'OsvBootSlow',
    when: 'it booted in a second',
    series: { [`osv_boot_seconds{${target}}`]: '1x5' },
    at: '2m',
    fires: [],
  },
  {
    alert: 'OsvMemoryNearlyFull',
    when: 'too little is free or in the page cache',
    series: {
      [`osv_memory_size_bytes{${target}}`]: '1000x20',
      [`osv_memory_free_bytes{${target}}`]: '30x20',
      [`osv_memory_used_bytes{${target}, use="page_cache"}`]: '20x20',
      [`osv_memory_used_bytes{${target}, use="anonymous"}`]: '950x20',
    },
    at: '12m',
    fires: [
      {
        labels,
        summary: 'The memory of the guest shop/cache-0 is nearly full.',
        description: '95% of the memory of shop/cache-0 cannot be given back. Soon allocations fail.',
      },
    ],
  },
  {
    alert: 'OsvMemoryNearlyFull',
    when: 'the page cache fills the memory',
    series: {
      [`osv_memory_size_bytes{${target}}`]: '1000x20',
      [`osv_memory_free_bytes{${target}}`]: '30x20',
      [`osv_memory_used_bytes{${target}, use="page_cache"}`]: '600x20',
      [`osv_memory_used_bytes{${target}, use="anonymous"}`]: '370x20',
    },
    at: '12m',
    fires: [],
  },
  {
    alert: 'OsvAllocationFailures',
    when: 'some failed just now',
    series: { [`osv_allocation_failures_total{${target}}`]: '0x10 4x10' },
    at: '15m',
    fires: [
      {
        labels,
        summary: 'The guest shop/cache-0 has no memory left.',
        description: '4 allocations failed in shop/cache-0 within 10 minutes.',
      },
    ],
  },
  {
    alert: 'OsvAllocationFailures',
    when: 'some failed long ago',
    series: { [`osv_allocation_failures_total{${target}}`]: '4x30' },
    at: '30m',
    fires: [],
  },
  {
    alert: 'OsvTcpRetransmitsHigh',
    when: 'one segment in twenty is sent again',
    series: {
      [`osv_tcp_segments_sent_total{${target}}`]: '0+6000x40',
      [`osv_tcp_segments_retransmitted_total{${target}}`]: '0+300x40',
    },
    at: '30m',
    fires: [
      {
        labels,
        summary: 'The network of the guest shop/cache-0 loses packets.',
        description: 'shop/cache-0 had to send 5% of its TCP segments again.',
      },
    ],
  },
  {
    alert: 'OsvTcpRetransmitsHigh',
    when: 'one of very few segments is sent again',
    series: {
      [`osv_tcp_segments_sent_total{${target}}`]: '0+60x40',
      [`osv_tcp_segments_retransmitted_total{${target}}`]: '0+6x40',
    },
    at: '30m',
    fires: [],
  },
  {
    alert: 'OsvLockContentionHigh',
    when: 'three threads wait on two CPUs',
    series: { [`osv_mutex_wait_seconds_sum{${target}}`]: '0+180x30', [`osv_cpus{${target}}`]: '2x30' },
    at: '25m',
    fires: [
      {
        labels,
        summary: "Threads of the guest shop/cache-0 wait for the kernel's mutexes.",
        description: 'In shop/cache-0, 1.5 threads a CPU waited for mutexes of the kernel on average.',
      },
    ],
  },
  {
    alert: 'OsvLockContentionHigh',
    when: 'the same waiting is spread over many CPUs',
    series: { [`osv_mutex_wait_seconds_sum{${target}}`]: '0+180x30', [`osv_cpus{${target}}`]: '16x30' },
    at: '25m',
    fires: [],
  },
  {
    alert: 'OsvRunQueueLatencyHigh',
    when: 'threads wait for a quarter of a second',
    series: {
      [`osv_run_queue_latency_seconds_bucket{${target}, le="0.000262144"}`]: '0x30',
      [`osv_run_queue_latency_seconds_bucket{${target}, le="0.268435456"}`]: '0+100x30',
      [`osv_run_queue_latency_seconds_bucket{${target}, le="+Inf"}`]: '0+100x30',
    },
    at: '25m',
    fires: [
      {
        labels: { namespace: 'shop', app: 'cache', instance: 'cache-0' },
        summary: 'Threads of the guest shop/cache-0 wait for a CPU.',
        description:
          'In shop/cache-0, a hundredth of the threads waited longer than 265.8ms between becoming runnable and running.',
      },
    ],
  },
  {
    alert: 'OsvRunQueueLatencyHigh',
    when: 'threads run at once',
    series: {
      [`osv_run_queue_latency_seconds_bucket{${target}, le="0.000262144"}`]: '0+100x30',
      [`osv_run_queue_latency_seconds_bucket{${target}, le="+Inf"}`]: '0+100x30',
    },
    at: '25m',
    fires: [],
  },
  {
    alert: 'OsvUnimplementedSystemCall',
    when: 'the program makes one',
    series: {
      [`osv_syscalls_unimplemented_total{${target}, name="shmget"}`]: '2x5',
      [`osv_syscalls_unimplemented_total{${other}, name="shmget"}`]: '1x5',
    },
    at: '1m',
    fires: [
      {
        labels: { ...appLabels, name: 'shmget' },
        summary: 'shop/cache makes a system call that the kernel lacks.',
        description: 'shop/cache called shmget 3 times and was told that it does not exist (ENOSYS).',
      },
    ],
  },
  {
    alert: 'OsvUnimplementedSystemCall',
    when: 'only the C library asked, as it always does',
    series: { [`osv_syscalls_unimplemented_total{${target}, name="rseq"}`]: '1x5' },
    at: '5m',
    fires: [],
  },
  {
    alert: 'OsvSelfCheckFailed',
    when: 'one of the checks did not pass',
    series: {
      [`osv_self_check_passed{${target}, check="aslr"}`]: '1x5',
      [`osv_self_check_passed{${target}, check="heap"}`]: '0x5',
    },
    at: '1m',
    fires: [
      {
        labels: { ...labels, check: 'heap' },
        summary: 'A protection of the guest shop/cache-0 does not work.',
        description: 'The kernel of shop/cache-0 found at its boot that heap does not hold.',
      },
    ],
  },
  {
    alert: 'OsvSelfCheckFailed',
    when: 'all passed',
    series: { [`osv_self_check_passed{${target}, check="aslr"}`]: '1x5' },
    at: '5m',
    fires: [],
  },
];

test.each(cases)('$alert: $when', (alertCase) => {
  expect(promtoolTest(alertCase)).toBe('');
});

test.each(guestAlerts)('$name is seen to fire and to keep still', ({ name }) => {
  const own = cases.filter(({ alert }) => alert === name);
  expect(own.some(({ fires }) => fires.length > 0)).toBe(true);
  expect(own.some(({ fires }) => fires.length === 0)).toBe(true);
});
