import { stringify } from 'yaml';
import type { Alert } from './alert.ts';
import { guestAlerts } from './guest-alerts.ts';
import { operatorAlerts } from './operator-alerts.ts';

/** Where the documentation's folder of runbooks is published; the chart can put another address in its place. */
export const runbookBase = 'https://osvapp.dev/docs/runbooks';

/** Every group of alerts, by its name. */
export const alertGroups: Readonly<Record<string, readonly Alert[]>> = {
  'osv-guests': guestAlerts,
  'osv-operator': operatorAlerts,
};

function rule({ name, severity, expr, for: duration, summary, description }: Alert) {
  return {
    alert: name,
    expr,
    ...(duration ? { for: duration } : {}),
    labels: { severity },
    annotations: { summary, description, runbook_url: `${runbookBase}/${name}.md` },
  };
}

/** A rule file of Prometheus; also what stands under `spec` of a PrometheusRule. */
export function ruleFile(): string {
  const groups = Object.entries(alertGroups).map(([name, alerts]) => ({ name, rules: alerts.map(rule) }));
  return `# Generated from charts/dashboards/alerts by \`npm run generate\`; do not edit.\n${stringify({ groups }, { lineWidth: 0 })}`;
}
