import { spawnSync } from 'node:child_process';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { bucketBounds, enumerator, nanosecondsAsSeconds } from './generate/metrics-header.ts';
import schema from './metrics.schema.json' with { type: 'json' };
import { metricsTable } from './metrics.ts';

const table = metricsTable();

/** The table as a guest would expose it, every value 0, in the Prometheus text format. */
function exposition(): string {
  return table.metrics
    .flatMap((metric) => {
      const label = metric.labels?.[0];
      const pair = label ? `${label.name}="x"` : '';
      const head = [`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.type}`];
      const braces = (text: string) => (text === '' ? '' : `{${text}}`);
      if (metric.type !== 'histogram') return [...head, `${metric.name}${braces(pair)} 0`];
      const bounds = bucketBounds(table.bucketSets[metric.buckets ?? ''] ?? fail(metric.name)).map(
        nanosecondsAsSeconds,
      );
      return [
        ...head,
        ...[...bounds, '+Inf'].map((le) => `${metric.name}_bucket{${pair}${pair && ','}le="${le}"} 0`),
        `${metric.name}_sum${braces(pair)} 0`,
        `${metric.name}_count${braces(pair)} 0`,
      ];
    })
    .concat('')
    .join('\n');
}

function fail(name: string): never {
  throw new Error(`${name} has no known bucket set`);
}

test('the table satisfies its schema', () => {
  const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);
  expect(validate(table), JSON.stringify(validate.errors)).toBe(true);
});

test('promtool finds nothing to say about the names, types and units', () => {
  const result = spawnSync('promtool', ['check', 'metrics'], { input: exposition(), encoding: 'utf8' });
  expect(result.error).toBeUndefined();
  expect(result.stdout + result.stderr).toBe('');
  expect(result.status).toBe(0);
});

test('every name is used once, as a sample and as an enumerator', () => {
  expect(new Set(table.metrics.map((metric) => metric.name)).size).toBe(table.metrics.length);
  expect(new Set(table.metrics.map(enumerator)).size).toBe(table.metrics.length);
});

test('units stand in the names, and every set that is named exists and is used', () => {
  for (const metric of table.metrics) {
    const base = metric.name.replace(/_total$/, '');
    expect(base.endsWith('_seconds')).toBe(metric.unit === 'seconds');
    expect(base.endsWith('_bytes')).toBe(metric.unit === 'bytes');
    expect(metric.name.endsWith('_total')).toBe(metric.type === 'counter');
    expect(metric.buckets !== undefined).toBe(metric.type === 'histogram');
  }
  const labelSets = new Set(table.metrics.flatMap((metric) => metric.labels?.map((label) => label.set) ?? []));
  labelSets.delete(undefined);
  expect(labelSets).toEqual(new Set(Object.keys(table.labelSets)));
  const bucketSets = new Set(table.metrics.map((metric) => metric.buckets));
  bucketSets.delete(undefined);
  expect(bucketSets).toEqual(new Set(Object.keys(table.bucketSets)));
});

test('nanoseconds are shown as exact seconds', () => {
  expect(nanosecondsAsSeconds(64n)).toBe('0.000000064');
  expect(nanosecondsAsSeconds(1n << 30n)).toBe('1.073741824');
  expect(nanosecondsAsSeconds(2_000_000_000n)).toBe('2.0');
});
