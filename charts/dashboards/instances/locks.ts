import { byInstance, series } from '../panels/common.ts';
import { heatmap } from '../panels/heatmap.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { guest } from '../promql/targets.ts';

export const locks: Row = {
  title: 'Locks',
  panels: [
    lines({
      title: 'Threads that wait for kernel mutexes',
      text: 'How many threads wait on average: seconds of waiting a second. Close to the number of CPUs, the kernel is the bottleneck; the tracepoint `mutex_lock_wait` tells which mutex.',
      series: [series(guest.amount('osv_mutex_wait_seconds'), byInstance)],
    }),
    lines({
      title: 'Contended kernel mutexes',
      text: 'Attempts that found the mutex held. Uncontended ones are not counted.',
      series: [series(guest.rate('osv_mutex_contentions_total'), byInstance)],
    }),
    lines({
      title: 'Futex waits and wake-ups',
      text: 'What the program itself does with its locks and condition variables, as far as it reaches the kernel.',
      series: [
        series(guest.rate('osv_futex_waits_total', { by: [] }), 'waits'),
        series(guest.rate('osv_futex_wakes_total', { by: [] }), 'threads woken'),
      ],
    }),
    heatmap({
      title: 'Wait for kernel mutexes',
      text: 'How long threads waited for contended kernel mutexes.',
      query: guest.buckets('osv_mutex_wait_seconds'),
    }),
    lines({
      title: 'Wait for kernel mutexes, quantiles',
      text: 'Over all chosen guests; nothing is drawn where no mutex was contended.',
      series: [0.5, 0.9, 0.99].map((q) =>
        series(guest.quantile(q, 'osv_mutex_wait_seconds', { by: [] }), `p${q * 100}`),
      ),
      width: 12,
    }),
  ],
};
