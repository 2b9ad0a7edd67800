import { type MetricName, metricRow } from '../promql/metrics.ts';

/** critical: somebody gets up at night; warning: somebody looks during the day; info: worth knowing. */
export type Severity = 'critical' | 'warning' | 'info';

/** An alerting rule. Texts are Prometheus templates: `{{ $labels.app }}`, `{{ $value | humanizePercentage }}`. */
export interface Alert {
  /** Also the name of its page in docs/runbooks. */
  readonly name: string;
  readonly severity: Severity;
  readonly expr: string;
  /** How long the expression must hold, such as `5m`; at once without it. */
  readonly for?: string;
  /** What is wrong, in one line. */
  readonly summary: string;
  /** What it means, with the figures. */
  readonly description: string;
}

/** A metric's sample in an expression. A name that is in no table does not compile. */
export function sample(name: MetricName, suffix: '' | '_bucket' | '_sum' | '_count' = ''): string {
  return `${metricRow(name).name}${suffix}`;
}
