import { Short } from '@grafana/grafana-foundation-sdk/units';
import { series } from '../panels/common.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { table } from '../panels/table.ts';
import { combine, largest } from '../promql/query.ts';
import { guest } from '../promql/targets.ts';

const byName = { by: ['name'] } as const;

// Durations are measured for a sample of the calls only, counts for all: the mean times the count is the whole.
const threadsInside = combine(
  guest.rate('osv_syscalls_total', byName),
  '*',
  guest.mean('osv_syscall_duration_seconds', byName),
  Short,
);

export const systemCalls: Row = {
  title: 'System calls',
  panels: [
    lines({
      title: 'System calls by name',
      text: 'The ten most frequent, over all chosen guests.',
      series: [series(largest(10, guest.rate('osv_syscalls_total', byName)), '{{name}}')],
      unit: 'ops',
      stacked: true,
    }),
    lines({
      title: 'Latency by name, p99',
      text: 'The ten slowest. Calls that wait, such as epoll_wait, are as long as the wait.',
      series: [series(largest(10, guest.quantile(0.99, 'osv_syscall_duration_seconds', byName)), '{{name}}')],
    }),
    lines({
      title: 'Threads inside system calls',
      text: 'How many threads are in a call of this name on average, waiting included: its rate times its mean duration.',
      series: [series(largest(10, threadsInside), '{{name}}')],
    }),
    lines({
      title: 'Mean latency by name',
      text: 'The ten slowest on average.',
      series: [series(largest(10, guest.mean('osv_syscall_duration_seconds', byName)), '{{name}}')],
      width: 12,
    }),
    table({
      title: 'Unimplemented system calls',
      text: 'Calls that the kernel answered with ENOSYS since the boot. Programs mostly have another way; `rseq` is harmless: the C library asks once and does without.',
      labels: [
        ['namespace', 'Namespace'],
        ['app', 'App'],
        ['name', 'System call'],
      ],
      columns: [
        {
          title: 'Calls',
          query: guest.total('osv_syscalls_unimplemented_total', { by: ['namespace', 'app', 'name'] }),
        },
      ],
      sortBy: 'System call',
      width: 12,
    }),
  ],
};
