import { expect, test } from 'vitest';
import { ApiError, type KubernetesObject, type OsvApp, resources } from '../kubernetes/index.ts';
import { noOperatorMetrics } from '../metrics.ts';
import { OwnWrites, PendingWrites } from '../reconcile-runtime/index.ts';
import { MemoryCache } from '../reconcile-runtime/object-cache.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { AppReconciler, type AppReconcilerOptions } from './app-reconciler.ts';
import { type AppCaches, addOwnerIndexes } from './gather.ts';
import { finalizer } from './labels.ts';
import type { AppSpec } from './model.ts';
import { builtImage, now, observed } from './testing/observed.ts';

function cache<T extends KubernetesObject>() {
  return new MemoryCache<T>((error) => {
    throw error;
  });
}

async function make(spec: Partial<AppSpec> = {}) {
  const client = new MemoryClient();
  const caches = {
    apps: cache<OsvApp>(),
    sets: cache(),
    machines: cache(),
    instances: cache(),
    services: cache(),
    networkPolicies: cache(),
    disruptionBudgets: cache(),
    podMonitors: undefined,
  };
  addOwnerIndexes(caches as unknown as AppCaches);
  let reused = 0;
  const reconciler = new AppReconciler({
    client,
    caches: caches as unknown as AppCaches,
    images: { identity: 'builder', state: () => ({ state: 'built', image: builtImage }) } as never,
    guests: { facts: new Map(), silent: new Set() },
    ended: { has: () => false, crashesOf: () => [] },
    mends: { known: new Map(), mended() {} },
    events: { record() {} } as never,
    wrote() {},
    now: () => now,
    decide: { managementPeers: [] },
    referencePollSeconds: 60,
    operatorMetrics: { ...noOperatorMetrics, imageReused: () => void reused++ },
    writes: new OwnWrites(),
    pending: new PendingWrites(),
  } satisfies Record<keyof AppReconcilerOptions, unknown> as unknown as AppReconcilerOptions);
  const { app } = observed({ spec });
  const { uid: _, ...metadata } = app.metadata;
  caches.apps.set(
    await client.create(resources.osvApps, { ...app, metadata: { ...metadata, finalizers: [finalizer] } }),
  );
  const read = async () => await client.get(resources.osvApps, { namespace: 'shop', name: 'redis' });
  return { client, caches, reconciler, read, reused: () => reused };
}

test('what keeps a pass from deciding anything shows in the status', async () => {
  const env = [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'redis', key: 'password' } } }];
  const { client, reconciler, read } = await make({ env });
  const message = 'Reading secrets shop/redis was refused by the API server.';
  client.fail(({ resource }) => resource === resources.secrets, new ApiError(message, { status: 403 }));
  await expect(reconciler.reconcile('shop/redis')).rejects.toThrow(message);
  expect((await read())?.status?.conditions).toMatchObject([
    { type: 'Degraded', status: 'True', reason: 'ActionFailed', message },
  ]);
});

test('an app that finds its image counts once, also where its first pass ends early', async () => {
  const { client, caches, reconciler, read, reused } = await make();
  await reconciler.reconcile('shop/redis');
  for (const set of (await client.list(resources.virtualMachineInstanceReplicaSets)).items) caches.sets.set(set);
  await reconciler.reconcile('shop/redis');
  expect((await read())?.status?.conditions?.length).toBeGreaterThan(1);
  expect(reused()).toBe(1);
});
