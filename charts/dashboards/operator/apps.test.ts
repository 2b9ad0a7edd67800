import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
import { expect, test } from 'vitest';
import { allPanels } from '../panels/all-panels.ts';
import { inputSeries, promtool } from '../testing/promtool.ts';
import { operatorDashboard } from './dashboard.ts';

/** The first query of a panel, with every value of the dashboard's variables chosen. */
function query(title: string): string {
  const panel = allPanels(operatorDashboard()).find((one) => one.title === title) as Panel;
  const [first] = panel.targets as Dataquery[];
  return first?.expr.replaceAll('$pod', '.*') ?? '';
}

/** As the chart has it, one leads and one waits; both know every app, and count it. */
const counts = { 'osv_operator_apps{state="available"}': 3, 'osv_operator_apps{state="degraded"}': 1 };
const instances = { 'osv_operator_instances{state="ready"}': 7, 'osv_operator_instances{state="failed"}': 0 };
const target = (pod: string) => `job="osv-operator", namespace="osv-system", pod="${pod}", instance="${pod}:8080"`;
const series = Object.fromEntries(
  ['operator-a', 'operator-b'].flatMap((pod) =>
    Object.entries({ ...counts, ...instances }).map(([name, value]) => [
      name.replace('{', `{${target(pod)}, `),
      `${value}x5`,
    ]),
  ),
);

test.each([
  ['OsvApps', [{ labels: '{}', value: 4 }]],
  ['Degraded', [{ labels: '{}', value: 1 }]],
  ['Instances', [{ labels: '{}', value: 7 }]],
  [
    'OsvApps by state',
    [
      { labels: '{state="available"}', value: 3 },
      { labels: '{state="degraded"}', value: 1 },
    ],
  ],
])('%s counts what two replicas report once', (title, exp_samples) => {
  const asked = { expr: query(title), eval_time: '3m', exp_samples };
  expect(promtool({ interval: '1m', input_series: inputSeries(series), promql_expr_test: [asked] })).toBe('');
});
