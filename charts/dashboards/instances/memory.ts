import { BytesPerSecondIEC, CountsPerSecond } from '@grafana/grafana-foundation-sdk/units';
import { byInstance, series } from '../panels/common.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { combine, share } from '../promql/query.ts';
import { guest } from '../promql/targets.ts';
import { memoryUse } from './overview.ts';

const perGuest = { by: ['namespace', 'instance'] } as const;

const hits = guest.rate('osv_page_cache_hits_total', perGuest);
const lookups = combine(hits, '+', guest.rate('osv_page_cache_misses_total', perGuest));

export const memory: Row = {
  title: 'Memory',
  panels: [
    lines({
      title: 'Memory by use',
      text: 'Sum over the chosen guests. The page cache is given back under pressure; everything else is not.',
      series: [
        series(guest.value('osv_memory_used_bytes', { by: ['use'] }), '{{use}}'),
        series(guest.value('osv_memory_free_bytes', { by: [] }), 'free'),
        series(guest.value('osv_memory_size_bytes', { by: [] }), 'size'),
      ],
      stacked: true,
      whole: 'size',
      width: 12,
    }),
    lines({
      title: 'Memory in use',
      text: 'Share of each guest’s memory that is in use, without the page cache. Close to 1, allocations fail.',
      series: [series(memoryUse(perGuest), byInstance)],
      max: 1,
      thresholds: { warning: 0.85, critical: 0.95 },
      width: 12,
    }),
    lines({
      title: 'Huge pages',
      text: 'Program memory that is mapped with 2 MiB pages, beside all anonymous memory.',
      series: [
        series(guest.value('osv_memory_huge_page_bytes', { by: [] }), 'in huge pages'),
        series(guest.value('osv_memory_used_bytes', { by: [], where: { use: 'anonymous' } }), 'anonymous'),
      ],
    }),
    lines({
      title: 'Anonymous memory in huge pages',
      text: 'Share of a guest’s anonymous memory that is mapped with 2 MiB pages: the more, the fewer TLB misses.',
      series: [
        series(
          share(
            guest.value('osv_memory_huge_page_bytes'),
            guest.value('osv_memory_used_bytes', { where: { use: 'anonymous' } }),
          ),
          byInstance,
        ),
      ],
      max: 1,
    }),
    lines({
      title: 'Reclaim and failed allocations',
      text: 'Page cache given back under pressure. Where even that is not enough, allocations fail.',
      series: [
        series(guest.rate('osv_memory_reclaimed_bytes_total'), '{{instance}} reclaimed'),
        series(guest.rate('osv_allocation_failures_total'), '{{instance}} failures'),
      ],
      unit: BytesPerSecondIEC,
      right: { legends: '/ failures$/', unit: CountsPerSecond },
    }),
    lines({
      title: 'Page faults by kind',
      text: 'What resolved them: zeroed memory (small or huge), a file, or a copy on write. Invalid ones become signals.',
      series: [series(guest.rate('osv_page_faults_total', { by: ['kind'] }), '{{kind}}')],
      stacked: true,
    }),
    lines({
      title: 'Time to resolve a page fault, quantiles',
      text: 'Over all chosen guests. Faults on files include reading from the disk.',
      series: [0.5, 0.9, 0.99].map((q) =>
        series(guest.quantile(q, 'osv_page_fault_duration_seconds', { by: [] }), `p${q * 100}`),
      ),
    }),
    lines({
      title: 'Page cache hits',
      text: 'Share of the wanted file pages that were in memory already.',
      series: [series(share(hits, { ...lookups, expr: `(${lookups.expr})` }), byInstance)],
      max: 1,
    }),
  ],
};
