import { series } from '../panels/common.ts';
import { heatmap } from '../panels/heatmap.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { operator } from '../promql/targets.ts';

const byController = { by: ['controller'] } as const;

export const reconciling: Row = {
  title: 'Reconciling',
  panels: [
    lines({
      title: 'Passes by result',
      text: 'Passes over an object. Later: the controller asked to be called again. At rest there are next to none.',
      series: [
        series(
          operator.rate('osv_operator_reconcile_total', { by: ['controller', 'result'] }),
          '{{controller}} {{result}}',
        ),
      ],
      unit: 'ops',
    }),
    heatmap({
      title: 'Duration of a pass',
      text: 'Of all controllers.',
      query: operator.buckets('osv_operator_reconcile_duration_seconds'),
      width: 8,
    }),
    lines({
      title: 'Duration of a pass, p99',
      text: 'By controller.',
      series: [
        series(operator.quantile(0.99, 'osv_operator_reconcile_duration_seconds', byController), '{{controller}}'),
      ],
    }),
    lines({
      title: 'Queue depth',
      text: 'Objects that wait for a pass. It should come back to 0.',
      series: [series(operator.value('osv_operator_queue_depth', byController), '{{controller}}')],
    }),
    lines({
      title: 'Wait in the queue, p99',
      text: 'From becoming due to the start of the pass.',
      series: [series(operator.quantile(0.99, 'osv_operator_queue_wait_seconds', byController), '{{controller}}')],
    }),
    lines({
      title: 'Retries and watches opened again',
      text: 'Retries follow failed passes. A watch is opened again when the API server ends it, about every five to ten minutes.',
      series: [
        series(operator.rate('osv_operator_queue_retries_total', byController), '{{controller}} retries'),
        series(operator.rate('osv_operator_watch_restarts_total', { by: ['resource'] }), '{{resource}} watch'),
      ],
    }),
    lines({
      title: 'Requests to the API server',
      text: 'By verb and status code. 409, 429 and 5xx are tried again.',
      series: [series(operator.rate('osv_operator_api_requests_total', { by: ['verb', 'code'] }), '{{verb}} {{code}}')],
      unit: 'reqps',
      width: 24,
    }),
  ],
};
