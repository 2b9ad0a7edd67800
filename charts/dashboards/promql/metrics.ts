import {
  type GuestCounter,
  type GuestGauge,
  type GuestHistogram,
  metricsTable,
  type OperatorCounter,
  type OperatorGauge,
  type OperatorHistogram,
  operatorMetricsTable,
} from '@osv/contracts';

export type Counter = GuestCounter | OperatorCounter;
export type Gauge = GuestGauge | OperatorGauge;
export type Histogram = GuestHistogram | OperatorHistogram;
export type MetricName = Counter | Gauge | Histogram;

/** A row of either table, as far as dashboards need it. */
export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly unit?: 'seconds' | 'bytes';
  readonly help: string;
}

const rows = new Map<string, MetricRow>(
  [...metricsTable().metrics, ...operatorMetricsTable().metrics].map((row) => [row.name, row]),
);

/** The row of a metric. The names' type is generated from the same tables, so that it is always there. */
export function metricRow(name: MetricName): MetricRow {
  const row = rows.get(name);
  if (!row) throw new Error(`${name} is in no table of metrics; run npm run generate.`);
  return row;
}
