import { series } from '../panels/common.ts';
import { heatmap } from '../panels/heatmap.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { operator } from '../promql/targets.ts';

const byController = { by: ['controller'] } as const;
const byQueue = { by: ['name'] } as const;

export const reconciling: Row = {
  title: 'Reconciling',
  panels: [
    lines({
      title: 'Reconciles by result',
      text: 'A conflict means that somebody else changed the object; it is done again. At rest there are next to none.',
      series: [
        series(
          operator.rate('osv_operator_reconcile_total', { by: ['controller', 'result'] }),
          '{{controller}} {{result}}',
        ),
      ],
      unit: 'ops',
    }),
    heatmap({
      title: 'Duration of a reconcile',
      text: 'Of all controllers.',
      query: operator.buckets('osv_operator_reconcile_duration_seconds'),
      width: 8,
    }),
    lines({
      title: 'Duration of a reconcile, p99',
      text: 'By controller.',
      series: [
        series(operator.quantile(0.99, 'osv_operator_reconcile_duration_seconds', byController), '{{controller}}'),
      ],
    }),
    lines({
      title: 'Queue depth',
      text: 'Objects that wait for their turn, which should come back to 0; delayed ones wait for their time.',
      series: [
        series(operator.value('osv_operator_workqueue_depth', byQueue), '{{name}}'),
        series(operator.value('osv_operator_workqueue_delayed', byQueue), '{{name}} delayed'),
      ],
    }),
    lines({
      title: 'Wait and work, p99',
      text: 'In the queue, and at work. A line for the longest under way that only climbs is a reconcile that hangs.',
      series: [
        series(operator.quantile(0.99, 'osv_operator_workqueue_queue_duration_seconds', byQueue), '{{name}} wait'),
        series(operator.quantile(0.99, 'osv_operator_workqueue_work_duration_seconds', byQueue), '{{name}} work'),
        series(operator.value('osv_operator_workqueue_longest_running_seconds', byQueue, 'max'), '{{name}} longest'),
      ],
    }),
    lines({
      title: 'Objects put into the queues',
      text: 'Retries follow failed reconciles. What a full queue refuses is found again by looking at all objects.',
      series: [
        series(operator.rate('osv_operator_workqueue_adds_total', byQueue), '{{name}} added'),
        series(operator.rate('osv_operator_workqueue_retries_total', byQueue), '{{name}} retries'),
        series(operator.rate('osv_operator_workqueue_full_total', byQueue), '{{name}} refused'),
      ],
    }),
  ],
};
