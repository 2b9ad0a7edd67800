import type { BucketSet, Metric, MetricsTable } from '../types/metrics.ts';

/** The name of a metric's enumerator: `osv_page_faults_total` → `page_faults`. */
export function enumerator(metric: Metric): string {
  return metric.name.replace(/^osv_/, '').replace(/_total$/, '');
}

/** Upper bounds of a bucket set in nanoseconds, smallest first. */
export function bucketBounds(set: BucketSet): bigint[] {
  const bounds: bigint[] = [];
  for (let exponent = set.firstExponent; exponent <= set.lastExponent; exponent += set.step) {
    bounds.push(1n << BigInt(exponent));
  }
  return bounds;
}

/** A whole number of nanoseconds as an exact decimal number of seconds: 1024n → `0.000001024`. */
export function nanosecondsAsSeconds(nanoseconds: bigint): string {
  const whole = nanoseconds / 1_000_000_000n;
  const fraction = (nanoseconds % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${whole}.0` : `${whole}.${fraction}`;
}

function enumeration(name: string, values: readonly string[]): string {
  return [
    `enum class ${name} : unsigned short {`,
    ...values.map((value) => `    ${value},`),
    '    count',
    '};',
    `inline constexpr const char* ${name}_names[] = {`,
    ...values.map((value) => `    "${value}",`),
    '};',
    '',
  ].join('\n');
}

function bucketArray(name: string, set: BucketSet): string {
  return [
    `inline constexpr bucket_bound ${name}_buckets[] = {`,
    ...bucketBounds(set).map((bound) => `    {${bound}ull, "${nanosecondsAsSeconds(bound)}"},`),
    '};',
    '',
  ].join('\n');
}

function size(array: string): string {
  return `sizeof(${array}) / sizeof(${array}[0])`;
}

function description(metric: Metric): string {
  const label = metric.labels?.[0];
  const values = label?.set ? `${label.set}_names, ${size(`${label.set}_names`)}` : 'nullptr, 0';
  const buckets = metric.buckets ? `${metric.buckets}_buckets, ${size(`${metric.buckets}_buckets`)}` : 'nullptr, 0';
  return [
    `    {"${metric.name}", metric_type::${metric.type}, ${metric.unit ? `"${metric.unit}"` : 'nullptr'},`,
    `     "${metric.help}",`,
    `     ${label ? `"${label.name}"` : 'nullptr'}, ${values}, ${buckets}},`,
  ].join('\n');
}

/** `kernel/telemetry/metric_table.hh`: the table as C++20 data that needs no other header. */
export function metricsHeader(table: MetricsTable): string {
  return `// Generated from contracts/metrics.json by \`npm run generate\`; do not edit.
#pragma once

namespace osv::telemetry {

// What each metric counts. The sample's name is in metric_table, at the same index.
enum class metric : unsigned short {
${table.metrics.map((metric) => `    ${enumerator(metric)},`).join('\n')}
    count
};

enum class metric_type : unsigned char { counter, gauge, histogram };

// A histogram bucket's inclusive upper bound, and the same in seconds for the label \`le\`. The bucket \`+Inf\` is
// not listed.
struct bucket_bound {
    unsigned long long nanoseconds;
    const char* seconds;
};

// One row of the table. \`name\` is the sample's name in the Prometheus text format; in OpenMetrics a counter's
// family is called the same without \`_total\`. A metric whose unit is "seconds" is kept in nanoseconds.
struct metric_description {
    const char* name;
    metric_type type;
    const char* unit;  // "seconds", "bytes" or nullptr
    const char* help;
    const char* label;  // the one label's name, or nullptr
    const char* const* label_values;  // its values where they are known beforehand, else nullptr
    unsigned long label_value_count;
    const bucket_bound* buckets;  // histograms only
    unsigned long bucket_count;
};

${Object.entries(table.labelSets)
  .map(([name, values]) => enumeration(name, values))
  .join('\n')}
${Object.entries(table.bucketSets)
  .map(([name, set]) => bucketArray(name, set))
  .join('\n')}
inline constexpr metric_description metric_table[] = {
${table.metrics.map(description).join('\n')}
};
static_assert(${size('metric_table')} == static_cast<unsigned long>(metric::count));

}  // namespace osv::telemetry
`;
}
