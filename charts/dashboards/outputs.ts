import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { ruleFile } from './alerts/rule-file.ts';
import { instancesDashboard } from './instances/dashboard.ts';
import { operatorDashboard } from './operator/dashboard.ts';

/** Every dashboard. */
export const dashboards: readonly (() => Dashboard)[] = [instancesDashboard, operatorDashboard];

/** Generated files of the chart, in the shape of contracts/generate. */
export const monitoringOutputs = [
  ...dashboards.map(dashboardOutput),
  { path: 'charts/osv-operator/files/rules.yaml', render: ruleFile },
];

function dashboardOutput(build: () => Dashboard) {
  const dashboard = build();
  return {
    path: `charts/osv-operator/dashboards/${dashboard.uid}.json`,
    render: () => `${JSON.stringify(dashboard, null, 2)}\n`,
  };
}
