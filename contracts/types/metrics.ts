// Generated from contracts/metrics.schema.json by `npm run generate`; do not edit.

/**
 * Everything that an OS^v guest says about itself on /metrics
 */
export interface MetricsTable {
  $schema?: string;
  /**
   * Upper bounds of histogram buckets: 2^firstExponent, 2^(firstExponent + step), … 2^lastExponent nanoseconds
   */
  bucketSets: {
    [k: string]: BucketSet;
  };
  /**
   * Labels with a fixed set of values; each becomes a C++ enumeration
   */
  labelSets: {
    /**
     * @minItems 1
     */
    [k: string]: string[];
  };
  metrics: Metric[];
}
export interface BucketSet {
  firstExponent: number;
  lastExponent: number;
  step: number;
}
export interface Metric {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  /**
   * What the exposition shows. A metric in seconds is kept in nanoseconds by the kernel.
   */
  unit?: 'seconds' | 'bytes';
  help: string;
  /**
   * @maxItems 1
   */
  labels?: MetricLabel[];
  /**
   * Name of a bucket set; histograms only
   */
  buckets?: string;
}
export interface MetricLabel {
  name: string;
  /**
   * Name of a label set, when the values are known beforehand
   */
  set?: string;
}
