import type { Metric, MetricsTable } from '../types/metrics.ts';
import { bucketBounds, nanosecondsAsSeconds } from './metrics-header.ts';

function labelCell(metric: Metric, table: MetricsTable): string {
  const label = metric.labels?.[0];
  if (!label) return '';
  const values = label.set ? table.labelSets[label.set] : undefined;
  return values ? `\`${label.name}\`: ${values.join(', ')}` : `\`${label.name}\``;
}

/** `docs/metrics.md`: the table as a page for people. */
export function metricsPage(table: MetricsTable): string {
  const rows = table.metrics.map(
    (metric) =>
      `| \`${metric.name}\` | ${metric.type} | ${metric.unit ?? ''} | ${labelCell(metric, table)} | ${metric.help} |`,
  );
  const buckets = Object.entries(table.bucketSets).map(([name, set]) => {
    const users = table.metrics.filter((metric) => metric.buckets === name).map((metric) => `\`${metric.name}\``);
    const bounds = bucketBounds(set).map(nanosecondsAsSeconds);
    return `| ${users.join(', ')} | ${bounds.join(', ')} |`;
  });
  return `<!-- Generated from contracts/metrics.json by \`npm run generate\`; do not edit. -->
# Metrics of a guest

Every instance answers \`GET /metrics\` on its management port (9180) without a token: in OpenMetrics text to a client
that accepts \`application/openmetrics-text\`, as Prometheus does, else in the Prometheus text format.

| name | type | unit | label | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## Histogram buckets

Upper bounds in seconds, each a power of two of nanoseconds; \`+Inf\` comes last.

| histograms | bounds |
|---|---|
${buckets.join('\n')}
`;
}
