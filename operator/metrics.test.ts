import { operatorMetricsTable } from '@osv/contracts';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { OsvApp } from './kubernetes/index.ts';
import { appState, countObjects, createOperatorMetrics } from './metrics.ts';
import { AppReconciler, type AppReconcilerOptions } from './osv-app/app-reconciler.ts';
import { observed } from './osv-app/testing/observed.ts';
import { createRuntimeMetrics, OwnWrites, PendingWrites } from './reconcile-runtime/index.ts';

const condition = (type: string, status: 'True' | 'False') =>
  ({ type, status, reason: 'x', message: 'x', lastTransitionTime: '2026-01-01T00:00:00Z' }) as const;

test.each([
  [{}, [], 'progressing'],
  [{}, [condition('Available', 'True')], 'available'],
  [{}, [condition('Available', 'True'), condition('Degraded', 'True')], 'degraded'],
  [{ paused: true }, [condition('Degraded', 'True')], 'paused'],
])('an app with %o and %o counts as one thing: %s', (spec, conditions, state) => {
  expect(appState(observed({ spec, status: { conditions: [...conditions] } }).app)).toBe(state);
});

test('the gauges count what is in the caches, and what the back-off holds', async () => {
  const registry = new Registry();
  const now = new Date('2026-01-01T00:00:00Z');
  const backOff = {
    revision: 'r',
    crashes: 3,
    lastCrashAt: '2025-12-31T23:59:59Z',
    until: '2026-01-01T00:00:19Z',
  };
  const apps = [observed({ spec: { replicas: 3 }, status: { replicas: 1, backOff } }).app];
  const instances = [
    { metadata: { name: 'a' }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
    { metadata: { name: 'b' }, status: { phase: 'Failed' } },
  ];
  const cacheOf = (list: unknown[]) => ({ list: () => list }) as never;
  countObjects(registry, { apps: cacheOf(apps as OsvApp[]), instances: cacheOf(instances) }, () => now);
  createOperatorMetrics(registry).buildEnded('succeeded', 3);
  const text = await registry.metrics();
  for (const line of [
    'osv_operator_apps{state="progressing"} 1',
    'osv_operator_instances{state="ready"} 1',
    'osv_operator_instances{state="failed"} 1',
    'osv_operator_instances{state="waiting"} 2',
    'osv_operator_builds_total{result="succeeded"} 1',
    'osv_operator_build_duration_seconds_count 1',
  ]) {
    expect(text).toContain(line);
  }
});

test('the operator tells all that its table promises, and in the same words', async () => {
  const registry = new Registry();
  createRuntimeMetrics(registry);
  createOperatorMetrics(registry);
  const empty = { list: () => [] } as never;
  countObjects(registry, { apps: empty, instances: empty }, () => new Date());
  const told = (await registry.getMetricsAsJSON()).map(({ name, type, help }) => ({ name, type: String(type), help }));
  const promised = operatorMetricsTable().metrics.map(({ name, type, help }) => ({ name, type, help }));
  const byName = (left: { name: string }, right: { name: string }) => (left.name < right.name ? -1 : 1);
  expect(told.sort(byName)).toEqual(promised.sort(byName));
});

test('an app that is gone leaves no samples', async () => {
  const registry = new Registry();
  const metrics = createOperatorMetrics(registry);
  metrics.instanceRestarted('shop', 'redis');
  const apps = { get: () => undefined };
  const options = { caches: { apps }, operatorMetrics: metrics, writes: new OwnWrites(), pending: new PendingWrites() };
  await new AppReconciler(options as unknown as AppReconcilerOptions).reconcile('shop/redis');
  expect(await registry.metrics()).not.toContain('app="redis"');
});
