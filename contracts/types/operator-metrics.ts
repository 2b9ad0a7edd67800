// Generated from contracts/operator-metrics.schema.json by `npm run generate`; do not edit.

/**
 * Everything that the operator says about itself on /metrics
 */
export interface OperatorMetricsTable {
  $schema?: string;
  metrics: OperatorMetric[];
}
export interface OperatorMetric {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  /**
   * What the exposition shows
   */
  unit?: 'seconds' | 'bytes';
  help: string;
  /**
   * @maxItems 3
   */
  labels?: OperatorMetricLabel[];
  /**
   * Upper bounds in seconds, smallest first; histograms only
   *
   * @minItems 1
   */
  buckets?: number[];
}
export interface OperatorMetricLabel {
  name: string;
  /**
   * All values, when they are known beforehand
   *
   * @minItems 1
   */
  values?: string[];
}
