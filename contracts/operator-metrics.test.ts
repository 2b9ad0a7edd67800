import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import schema from './operator-metrics.schema.json' with { type: 'json' };
import { operatorMetricsTable } from './operator-metrics.ts';

const { metrics } = operatorMetricsTable();

test('the table satisfies its schema', () => {
  const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);
  expect(validate({ metrics }), JSON.stringify(validate.errors)).toBe(true);
});

test('names are used once, and say type and unit', () => {
  expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  for (const { name, type, unit, buckets } of metrics) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(name.replace(/_total$/, '').endsWith('_seconds'), name).toBe(unit === 'seconds');
    expect(buckets !== undefined, name).toBe(type === 'histogram');
    expect(buckets ?? []).toEqual([...(buckets ?? [])].sort((a, b) => a - b));
  }
});
