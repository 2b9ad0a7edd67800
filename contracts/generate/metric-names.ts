/** What the names' types need of a metric: a row of metrics.json and of operator-metrics.json satisfies it. */
interface NamedMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels?: readonly { readonly name: string }[];
}

function union(name: string, values: readonly string[]): string {
  if (values.length === 0) return `export type ${name} = never;\n`;
  return `export type ${name} =\n${values.map((value) => `  | '${value}'`).join('\n')};\n`;
}

function namesByType(prefix: string, metrics: readonly NamedMetric[]): string {
  const types = { Counter: 'counter', Gauge: 'gauge', Histogram: 'histogram' } as const;
  return Object.entries(types)
    .map(([suffix, type]) =>
      union(
        `${prefix}${suffix}`,
        metrics.filter((metric) => metric.type === type).map((metric) => metric.name),
      ),
    )
    .join('\n');
}

/**
 * `contracts/types/metric-names.ts`: the names of all metrics as types, so that a query for a metric that does not
 * exist, or for a quantile of a counter, does not compile.
 */
export function metricNames(guest: readonly NamedMetric[], operator: readonly NamedMetric[]): string {
  const labels = [...guest, ...operator].map((metric) => {
    const names = (metric.labels ?? []).map((label) => `'${label.name}'`);
    return `  ${metric.name}: ${names.length > 0 ? names.join(' | ') : 'never'};`;
  });
  return `// Generated from contracts/metrics.json and contracts/operator-metrics.json by \`npm run generate\`; do not edit.

${namesByType('Guest', guest)}
${namesByType('Operator', operator)}
/** The labels that a metric has besides those of its target. */
export interface MetricLabels {
${labels.join('\n')}
}
`;
}
