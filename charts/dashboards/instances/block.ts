import { series } from '../panels/common.ts';
import { heatmap } from '../panels/heatmap.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { guest } from '../promql/targets.ts';

export const block: Row = {
  title: 'Block devices and files',
  panels: [
    heatmap({
      title: 'Latency of block requests',
      text: 'From submission to completion, as the guest sees it: the host’s queueing is in it.',
      query: guest.buckets('osv_block_request_duration_seconds'),
    }),
    lines({
      title: 'Latency of block requests, quantiles',
      text: 'Over all chosen guests.',
      series: [0.5, 0.9, 0.99].map((q) =>
        series(guest.quantile(q, 'osv_block_request_duration_seconds', { by: [] }), `p${q * 100}`),
      ),
      width: 12,
    }),
    lines({
      title: 'Block requests by operation',
      text: 'Completed requests a second.',
      series: [series(guest.rate('osv_block_requests_total', { by: ['operation'] }), '{{operation}}')],
      unit: 'iops',
      width: 6,
    }),
    lines({
      title: 'Bytes moved',
      text: 'What is written is drawn downwards.',
      series: [series(guest.rate('osv_block_transferred_bytes_total', { by: ['operation'] }), '{{operation}}')],
      downwards: '/write/',
      width: 6,
    }),
    lines({
      title: 'Page cache and failed requests',
      text: 'Misses are pages that had to be read. Errors are requests that the device failed.',
      series: [
        series(guest.rate('osv_page_cache_hits_total', { by: [] }), 'page cache hits'),
        series(guest.rate('osv_page_cache_misses_total', { by: [] }), 'page cache misses'),
        series(guest.rate('osv_block_errors_total', { by: [] }), 'errors'),
      ],
      width: 6,
    }),
    lines({
      title: 'Files',
      text: 'Open file descriptors of the program, and opens of paths that do not exist: `GET /api/v1/missing` names these.',
      series: [
        series(guest.value('osv_files_open', { by: ['namespace', 'instance'] }), '{{instance}} open'),
        series(guest.growth('osv_files_missing_total', { by: ['namespace', 'instance'] }), '{{instance}} missing'),
      ],
      width: 6,
    }),
  ],
};
