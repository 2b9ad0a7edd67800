import { Short } from '@grafana/grafana-foundation-sdk/units';
import type { Row } from '../panels/row.ts';
import { stat } from '../panels/stat.ts';
import { table } from '../panels/table.ts';
import { combine, type Query, share, type TargetLabel } from '../promql/query.ts';
import { guest } from '../promql/targets.ts';

const all = { by: [] } as const;
const perGuest = { by: ['namespace', 'app', 'instance'] } as const;

/** Share of the CPUs' time that ran threads. */
export function cpuUse(options: { readonly by: readonly TargetLabel[] }): Query {
  const busy = guest.rate('osv_cpu_busy_seconds_total', options);
  return share(busy, combined(busy, guest.rate('osv_cpu_idle_seconds_total', options)));
}

/** Share of the memory that cannot be given back: what neither is free nor belongs to the page cache. */
export function memoryUse(options: { readonly by: readonly TargetLabel[] }): Query {
  const cache = guest.value('osv_memory_used_bytes', { ...options, where: { use: 'page_cache' } });
  const free = combined(guest.value('osv_memory_free_bytes', options), cache);
  const left = share(free, guest.value('osv_memory_size_bytes', options));
  return { ...left, expr: `1 - ${left.expr}` };
}

/** Share of the sent TCP segments that were sent again. */
export function retransmitShare(options: { readonly by: readonly TargetLabel[] }): Query {
  return share(
    guest.rate('osv_tcp_segments_retransmitted_total', options),
    guest.rate('osv_tcp_segments_sent_total', options),
  );
}

function combined(left: Query, right: Query): Query {
  const sum = combine(left, '+', right);
  return { ...sum, expr: `(${sum.expr})` };
}

const failedChecks: Query = {
  ...combine(guest.count('osv_self_check_passed'), '-', guest.value('osv_self_check_passed', all)),
  unit: Short,
};

/** What to look at first, and what the instances are. */
export const overview: Row = {
  title: 'Overview',
  panels: [
    stat({
      title: 'Instances',
      text: 'Guests that answer Prometheus.',
      query: guest.count('osv_uptime_seconds'),
      width: 3,
    }),
    stat({
      title: 'CPU',
      text: 'Share of the CPU time of all chosen guests that ran threads.',
      query: cpuUse(all),
      thresholds: { warning: 0.8, critical: 0.95 },
      sparkline: true,
      decimals: 1,
      width: 3,
    }),
    stat({
      title: 'Memory',
      text: 'Share of the memory of all chosen guests that is in use, without the page cache, which is given back under pressure.',
      query: memoryUse(all),
      thresholds: { warning: 0.85, critical: 0.95 },
      sparkline: true,
      decimals: 1,
      width: 3,
    }),
    stat({
      title: 'Run-queue latency, p99',
      text: 'A hundredth of the threads waited longer than this between becoming runnable and running.',
      query: guest.quantile(0.99, 'osv_run_queue_latency_seconds', all),
      thresholds: { warning: 0.01, critical: 0.1 },
      sparkline: true,
      width: 3,
    }),
    stat({
      title: 'System calls',
      text: 'System calls a second of all chosen guests.',
      query: guest.rate('osv_syscalls_total', all),
      unit: 'ops',
      sparkline: true,
      width: 3,
    }),
    stat({
      title: 'TCP sent again',
      text: 'Share of the TCP segments that had to be sent again. More than one in a hundred costs throughput.',
      query: retransmitShare(all),
      thresholds: { warning: 0.01, critical: 0.05 },
      sparkline: true,
      decimals: 2,
      width: 3,
    }),
    stat({
      title: 'Allocation failures',
      text: 'Memory allocations that failed in the shown time range.',
      query: guest.growth('osv_allocation_failures_total', all),
      thresholds: { critical: 1 },
      decimals: 0,
      width: 3,
    }),
    stat({
      title: 'Self-checks failed',
      text: 'Security checks that a kernel did not pass at its boot. Must be 0.',
      query: failedChecks,
      thresholds: { critical: 1 },
      width: 3,
    }),
    table({
      title: 'Instances',
      text: 'A row for each guest, as of now.',
      labels: [
        ['namespace', 'Namespace'],
        ['app', 'App'],
        ['instance', 'Instance'],
        ['version', 'Kernel'],
      ],
      columns: [
        {
          title: 'Build',
          query: guest.value('osv_build_info', { by: [...perGuest.by, 'version'] }, 'max'),
          hidden: true,
        },
        { title: 'Uptime', query: guest.value('osv_uptime_seconds', perGuest) },
        { title: 'Boot', query: guest.value('osv_boot_seconds', perGuest), thresholds: { warning: 1, critical: 5 } },
        { title: 'CPUs', query: guest.value('osv_cpus', perGuest) },
        { title: 'CPU use', query: cpuUse(perGuest), thresholds: { warning: 0.8, critical: 0.95 } },
        { title: 'Memory', query: guest.value('osv_memory_size_bytes', perGuest) },
        { title: 'Memory use', query: memoryUse(perGuest), thresholds: { warning: 0.85, critical: 0.95 } },
        { title: 'Threads', query: guest.value('osv_threads', perGuest) },
      ],
      sortBy: 'Instance',
    }),
  ],
};
