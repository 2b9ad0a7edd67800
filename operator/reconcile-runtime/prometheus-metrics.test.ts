import { operatorMetricsTable } from '@osv/contracts';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createRuntimeMetrics } from './prometheus-metrics.ts';
import { WorkQueue } from './work-queue.ts';

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

test('queues, reconciles, requests and watches show in the exposition', async () => {
  const registry = new Registry();
  const { metrics, observer } = createRuntimeMetrics(registry);
  const queue = new WorkQueue({ name: 'osv-app', metrics });
  queue.add('a');
  queue.add('b');
  queue.done((await queue.get()) ?? '');
  queue.addRateLimited('a');
  metrics.reconciled('osv-app', 'conflict', 0.2);
  metrics.watchEnded('pods', 'expired');
  metrics.leading('operator', true);
  observer.request({ verb: 'apply', resource: 'services', status: 200, seconds: 0.01 });
  const text = await registry.metrics();
  queue.shutDown();
  for (const line of [
    'osv_operator_workqueue_depth{name="osv-app"} 1',
    'osv_operator_workqueue_delayed{name="osv-app"} 1',
    'osv_operator_workqueue_adds_total{name="osv-app"} 2',
    'osv_operator_workqueue_retries_total{name="osv-app"} 1',
    'osv_operator_workqueue_queue_duration_seconds_count{name="osv-app"} 1',
    'osv_operator_workqueue_work_duration_seconds_count{name="osv-app"} 1',
    'osv_operator_reconcile_total{controller="osv-app",result="conflict"} 1',
    'osv_operator_watch_restarts_total{resource="pods",reason="expired"} 1',
    'osv_operator_leading{lease="operator"} 1',
    'osv_operator_api_requests_total{verb="apply",resource="services",status="200"} 1',
  ]) {
    expect(text).toContain(line);
  }
});

function pick(row: { name: string; type: string; help: string } | undefined) {
  return row && { name: row.name, type: row.type, help: row.help };
}
