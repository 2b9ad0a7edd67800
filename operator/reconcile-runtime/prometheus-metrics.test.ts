import { operatorMetricsTable } from '@osv/contracts';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createRuntimeMetrics } from './prometheus-metrics.ts';

test('what the runtime tells is in the table on which dashboards and alerts stand', async () => {
  const registry = new Registry();
  createRuntimeMetrics(registry);
  const told = await registry.getMetricsAsJSON();
  expect(told.length).toBeGreaterThan(10);
  const rows = new Map(operatorMetricsTable().metrics.map((row) => [row.name, row]));
  for (const { name, type, help } of told) {
    expect({ name, type: String(type), help }).toEqual(pick(rows.get(name)));
    const { labelNames } = registry.getSingleMetric(name) as unknown as { labelNames: string[] };
    expect(labelNames.filter((label) => label !== 'le')).toEqual(
      (rows.get(name)?.labels ?? []).map(({ name }) => name),
    );
  }
});

function pick(row: { name: string; type: string; help: string } | undefined) {
  return row && { name: row.name, type: row.type, help: row.help };
}
