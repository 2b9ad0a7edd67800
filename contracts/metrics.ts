import table from './metrics.json' with { type: 'json' };
import type { MetricsTable } from './types/metrics.ts';

/** The table of every metric that a guest exposes. */
export function metricsTable(): MetricsTable {
  return table as MetricsTable;
}
