import { series } from '../panels/common.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { operator } from '../promql/targets.ts';

export const apiServer: Row = {
  title: 'API server',
  panels: [
    lines({
      title: 'Requests by verb and status',
      text: '409, 429 and 5xx are tried again; status 0 stands for no answer. At rest there are watches only.',
      series: [
        series(operator.rate('osv_operator_api_requests_total', { by: ['verb', 'status'] }), '{{verb}} {{status}}'),
      ],
      unit: 'reqps',
    }),
    lines({
      title: 'Writes by resource',
      text: 'Everything that the operator changes. A line that does not come back to 0 at rest is a quarrel over a field.',
      series: [
        series(operator.rate('osv_operator_api_requests_total', { by: ['resource', 'verb'] }), '{{resource}} {{verb}}'),
      ],
      unit: 'reqps',
    }),
    lines({
      title: 'Time to an answer, p99',
      text: 'By verb.',
      series: [
        series(operator.quantile(0.99, 'osv_operator_api_request_duration_seconds', { by: ['verb'] }), '{{verb}}'),
      ],
    }),
    lines({
      title: 'Watches started again',
      text: 'The API server closes a watch every five to ten minutes. Silent, expired and error are its troubles.',
      series: [
        series(
          operator.growth('osv_operator_watch_restarts_total', { by: ['resource', 'reason'] }),
          '{{resource}} {{reason}}',
        ),
        series(operator.growth('osv_operator_lists_total', { by: ['resource'] }), '{{resource}} full list'),
      ],
      unit: 'short',
    }),
    lines({
      title: 'Objects by resource',
      text: 'As of each resource’s last full list, which is mostly the one at the start.',
      series: [series(operator.value('osv_operator_listed_objects', { by: ['resource'] }, 'max'), '{{resource}}')],
    }),
    lines({
      title: 'Changes and events lost',
      text: 'Changes that a handler failed to take in, by resource; events that were too many or refused.',
      series: [
        series(operator.growth('osv_operator_handler_failures_total', { by: ['resource'] }), '{{resource}} changes'),
        series(operator.growth('osv_operator_events_dropped_total'), '{{pod}} events'),
      ],
      unit: 'short',
    }),
  ],
};
