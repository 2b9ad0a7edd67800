import table from './operator-metrics.json' with { type: 'json' };
import type { OperatorMetricsTable } from './types/operator-metrics.ts';

/** The table of every metric that the operator exposes; it registers them from here, and dashboards read it. */
export function operatorMetricsTable(): OperatorMetricsTable {
  return table as OperatorMetricsTable;
}
