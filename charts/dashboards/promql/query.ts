import * as units from '@grafana/grafana-foundation-sdk/units';
import type { MetricLabels } from '@osv/contracts';
import { type Counter, type Gauge, type Histogram, type MetricName, metricRow } from './metrics.ts';

/** A PromQL expression, Grafana's unit of its value, and the metrics that it reads. */
export interface Query {
  readonly expr: string;
  readonly unit: string;
  readonly metrics: readonly MetricName[];
}

/** Labels that Prometheus gives to a target; see contracts/scrape.ts. */
export type TargetLabel = 'job' | 'namespace' | 'pod' | 'app' | 'instance';

/** What to add up by, and which samples to take. */
export interface Options<M extends MetricName> {
  /** Labels that are kept; `namespace` and `instance` unless said otherwise, which gives one series a guest. */
  readonly by?: readonly (TargetLabel | MetricLabels[M])[];
  readonly where?: Readonly<Partial<Record<MetricLabels[M], string>>>;
}

type Aggregation = 'sum' | 'max' | 'min';

/** Functions that write PromQL for metrics of targets that satisfy some matchers, such as `app=~"$app"`. */
export function promql(matchers: string, defaultBy: readonly TargetLabel[] = ['namespace', 'instance']) {
  function select<M extends MetricName>(name: M, suffix: string, options: Options<M>): string {
    const own = Object.entries<string | undefined>(options.where ?? {}).map(([label, value]) => `${label}="${value}"`);
    return `${name}${suffix}{${[matchers, ...own].join(', ')}}`;
  }

  function group<M extends MetricName>(aggregation: Aggregation, expr: string, options: Options<M>, also = ''): string {
    const labels = [...(options.by ?? defaultBy), ...(also ? [also] : [])];
    return labels.length > 0 ? `${aggregation} by (${labels.join(', ')}) (${expr})` : `${aggregation}(${expr})`;
  }

  const perSecond = (selection: string) => `rate(${selection}[$__rate_interval])`;

  /** Rate a second. Seconds a second are a share of time, bytes a second a data rate. */
  function rate<M extends Counter>(name: M, options: Options<M> = {}): Query {
    const unit = { seconds: units.PercentUnit, bytes: units.BytesPerSecondIEC, none: units.CountsPerSecond };
    return {
      expr: group('sum', perSecond(select(name, '', options)), options),
      unit: unit[metricRow(name).unit ?? 'none'],
      metrics: [name],
    };
  }

  /** Growth over the time range that the dashboard shows. */
  function growth<M extends Counter>(name: M, options: Options<M> = {}): Query {
    return {
      expr: group('sum', `increase(${select(name, '', options)}[$__range])`, options),
      unit: unitOfValue(name),
      metrics: [name],
    };
  }

  /** The counter itself: what was counted since the boot. */
  function total<M extends Counter>(name: M, options: Options<M> = {}): Query {
    return { expr: group('sum', select(name, '', options), options), unit: unitOfValue(name), metrics: [name] };
  }

  function value<M extends Gauge>(name: M, options: Options<M> = {}, aggregation: Aggregation = 'sum'): Query {
    return { expr: group(aggregation, select(name, '', options), options), unit: unitOfValue(name), metrics: [name] };
  }

  /** A gauge that all replicas of a program report alike, counted once. */
  function sharedValue<M extends Gauge>(name: M, options: Options<M> = {}): Query {
    const expr = group('sum', `max without (pod, instance) (${select(name, '', options)})`, options);
    return { expr, unit: unitOfValue(name), metrics: [name] };
  }

  /** How many series a gauge has: one for each target, if its labels don't tell otherwise. */
  function count<M extends Gauge>(name: M, options: Options<M> = {}): Query {
    return { expr: `count(${select(name, '', options)})`, unit: units.Short, metrics: [name] };
  }

  function quantile<M extends Histogram>(q: number, name: M, options: Options<M> = {}): Query {
    const buckets = group('sum', perSecond(select(name, '_bucket', options)), options, 'le');
    return { expr: `histogram_quantile(${q}, ${buckets})`, unit: unitOfValue(name), metrics: [name] };
  }

  /** Observations a second in each bucket, for a heatmap. */
  function buckets<M extends Histogram>(name: M, options: Options<M> = {}): Query {
    const expr = group('sum', perSecond(select(name, '_bucket', options)), { ...options, by: options.by ?? [] }, 'le');
    return { expr, unit: unitOfValue(name), metrics: [name] };
  }

  function mean<M extends Histogram>(name: M, options: Options<M> = {}): Query {
    const [sum, count] = (['_sum', '_count'] as const).map((suffix) =>
      group('sum', perSecond(select(name, suffix, options)), options),
    );
    return { expr: `${sum} / ${count}`, unit: unitOfValue(name), metrics: [name] };
  }

  /** What was observed, added up: seconds a second, which is how many were at it on average. */
  function amount<M extends Histogram>(name: M, options: Options<M> = {}): Query {
    const expr = group('sum', perSecond(select(name, '_sum', options)), options);
    return { expr, unit: units.Short, metrics: [name] };
  }

  return { rate, growth, total, value, sharedValue, count, quantile, buckets, mean, amount };
}

/** `part / whole`, as a share of one. Both must keep the same labels. */
export function share(part: Query, whole: Query): Query {
  return {
    expr: `${part.expr} / ${whole.expr}`,
    unit: units.PercentUnit,
    metrics: [...new Set([...part.metrics, ...whole.metrics])],
  };
}

/** Combines expressions by an operator of PromQL; the unit is that of the first unless told otherwise. */
export function combine(left: Query, operator: string, right: Query, unit = left.unit): Query {
  return {
    expr: `(${left.expr}) ${operator} (${right.expr})`,
    unit,
    metrics: [...new Set([...left.metrics, ...right.metrics])],
  };
}

/** The largest series, at each moment. */
export function largest(count: number, query: Query): Query {
  return { ...query, expr: `topk(${count}, ${query.expr})` };
}

function unitOfValue(name: MetricName): string {
  return { seconds: units.Seconds, bytes: units.BytesIEC, none: units.Short }[metricRow(name).unit ?? 'none'];
}
