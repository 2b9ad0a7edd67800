import { readFile } from 'node:fs/promises';
import { type ConfigMap, createApiClient, isExpired, isServed, keyOf, resources } from '@osv/operator/kubernetes';
import {
  addFinalizer,
  Controller,
  EventRecorder,
  isBeingDeleted,
  Reflector,
  removeFinalizer,
  runWithLease,
  silentLogger,
} from '@osv/operator/reconcile-runtime';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { waitUntil } from '../cluster/processes/wait-until.ts';
import { newNamespace, sharedCluster } from './support/shared-cluster.ts';

const { configMaps } = resources;
let cluster: Cluster;
let namespace: string;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
});

const map = (name: string, data: Record<string, string> = {}): ConfigMap => ({ metadata: { namespace, name }, data });

function connectAs(fieldManager: string) {
  const client = createApiClient({ kubeconfig: cluster.kubeconfig, fieldManager, userAgent: `test ${fieldManager}` });
  onTestFinished(() => client.close());
  return client;
}

function follow(labelSelector: string, pageSize = 250) {
  const client = connectAs('reflector');
  const reflector = new Reflector({
    client,
    resource: configMaps,
    namespace,
    labelSelector,
    pageSize,
    logger: silentLogger,
  });
  const stop = new AbortController();
  const ended = reflector.start(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return reflector.cache;
}

test('server-side apply: what is left out goes, what another manager owns is a conflict unless forced', async () => {
  const [mine, other] = [connectAs('mine'), connectAs('other')];
  await mine.apply(configMaps, map('applied', { one: '1', two: '2' }));
  const first = await mine.apply(configMaps, map('applied', { two: '2' }));
  expect(first.data).toEqual({ two: '2' });
  const again = await mine.apply(configMaps, map('applied', { two: '2' }));
  expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  await expect(other.apply(configMaps, map('applied', { two: 'x' }), { force: false })).rejects.toMatchObject({
    status: 409,
    code: 'conflict',
  });
  expect((await other.apply(configMaps, map('applied', { two: 'x' }))).data).toEqual({ two: 'x' });
  const reference = { namespace, name: 'applied' };
  expect((await mine.apply(configMaps, map('applied', { three: '3' }), { dryRun: true })).data).toHaveProperty('three');
  expect((await mine.get(configMaps, reference))?.data).toEqual({ two: 'x' });
  await expect(mine.delete(configMaps, reference, { uid: 'another' })).rejects.toMatchObject({ status: 409 });
  expect(await mine.delete(configMaps, reference)).toBe(true);
  expect(await mine.delete(configMaps, reference)).toBe(false);
});

test('a cache follows pages and changes, through the death of the API server', async () => {
  const client = connectAs('writer');
  const labelled = (name: string): ConfigMap => ({ metadata: { namespace, name, labels: { test: 'cache' } } });
  await Promise.all(Array.from({ length: 45 }, (_, index) => client.create(configMaps, labelled(`cached-${index}`))));
  const cache = follow('test=cache', 10);
  await cache.synced();
  expect(cache.size).toBe(45);
  const deleted: string[] = [];
  cache.subscribe(({ type, object }) => {
    if (type === 'deleted') deleted.push(object.metadata.name);
  });
  await client.delete(configMaps, { namespace, name: 'cached-0' });
  await waitUntil('the deletion is seen', async () => deleted.includes('cached-0'), { secondsMax: 30 });
  await cluster.processes['api-server']?.restart('SIGKILL');
  await client.delete(configMaps, { namespace, name: 'cached-1' });
  await client.create(configMaps, labelled('cached-late'));
  const caughtUp = async () =>
    cache.get({ namespace, name: 'cached-late' }) !== undefined && deleted.includes('cached-1');
  await waitUntil('the cache has caught up', caughtUp, { secondsMax: 60 });
  expect(cache.size).toBe(44);
});

test('a watch from before the start of the API server is told that its place is forgotten', async () => {
  const client = connectAs('late');
  const { metadata } = await client.create(configMaps, map('early'));
  for (let index = 0; index < 5; index++) await client.create(configMaps, map(`later-${index}`));
  await cluster.processes['api-server']?.restart('SIGTERM');
  const resourceVersion = metadata.resourceVersion ?? '';
  const watch = client.watch(configMaps, { namespace, resourceVersion, signal: AbortSignal.timeout(60_000) });
  const failure = await (async () => {
    for await (const event of watch) return event;
    return undefined;
  })().catch((error) => error);
  expect(isExpired(failure), JSON.stringify(failure)).toBe(true);
});

test('a controller brings the objects where it wants them, and rests then', async () => {
  const client = connectAs('controller');
  const cache = follow('test=controller');
  let passes = 0;
  const controller = new Controller({
    name: 'test',
    concurrency: 4,
    logger: silentLogger,
    async reconcile(key) {
      passes += 1;
      const [, name = ''] = key.split('/');
      const object = cache.get({ namespace, name });
      if (!object || object.data?.state === 'done') return;
      await client.mergePatch(configMaps, object.metadata, { data: { state: 'done' } });
    },
  });
  controller.watch(cache, ({ object }) => [keyOf(object.metadata)]);
  const stop = new AbortController();
  const ended = controller.start(stop.signal);
  for (let index = 0; index < 20; index++) {
    await client.create(configMaps, {
      metadata: { namespace, name: `controlled-${index}`, labels: { test: 'controller' } },
    });
  }
  const done = async () => cache.list().filter(({ data }) => data?.state === 'done').length === 20;
  await waitUntil('all objects are done', done, { secondsMax: 60 });
  stop.abort();
  await ended;
  expect(passes).toBeLessThanOrEqual(60);
});

test('of two processes one leads, and the other one follows it', async () => {
  const start = (identity: string) => {
    const stop = new AbortController();
    const state = { leads: false };
    const run = runWithLease({
      client: connectAs(identity),
      namespace,
      name: 'leader',
      identity,
      leaseSeconds: 3,
      signal: stop.signal,
      onStartedLeading(signal) {
        state.leads = true;
        signal.addEventListener('abort', () => {
          state.leads = false;
        });
      },
    });
    return { state, run, stop };
  };
  const first = start('first');
  await waitUntil('the first one leads', async () => first.state.leads, { secondsMax: 30 });
  const second = start('second');
  first.stop.abort();
  expect(await first.run).toBe('released');
  await waitUntil('the second one leads', async () => second.state.leads, { secondsMax: 30 });
  const lease = await cluster.client.get(resources.leases, { namespace, name: 'leader' });
  expect(lease?.spec).toMatchObject({ holderIdentity: 'second', leaseDurationSeconds: 3, leaseTransitions: 1 });
  second.stop.abort();
  await second.run;
});

test('kubectl shows events with their count', async () => {
  const client = connectAs('recorder');
  const object = await client.create(configMaps, map('regarded'));
  const recorder = new EventRecorder({ client, controller: 'osvapp.dev/test', instance: 'test', logger: silentLogger });
  const event = { type: 'Warning', reason: 'BuildFailed', message: 'The archive is no zip.', action: 'Build' } as const;
  for (let index = 0; index < 3; index++) recorder.record({ resource: configMaps, object }, event);
  await recorder.flush();
  const shown = await cluster.kubectl(['-n', namespace, 'events', '--for', 'configmap/regarded']);
  expect(shown).toMatch(/\(x3 over .*Warning +BuildFailed +ConfigMap\/regarded +The archive is no zip\./);
});

test('a finalizer holds an object until it is taken off', async () => {
  const client = connectAs('finalizer');
  const finalizer = 'osvapp.dev/cleanup';
  const made = await client.create(configMaps, map('held'));
  const held = await addFinalizer(client, configMaps, made, finalizer);
  await client.delete(configMaps, held.metadata);
  const dying = await client.get(configMaps, held.metadata);
  if (!dying) throw new Error('the object did not wait for its finalizer');
  expect(isBeingDeleted(dying)).toBe(true);
  await expect(removeFinalizer(client, configMaps, held, finalizer)).rejects.toMatchObject({ code: 'conflict' });
  await removeFinalizer(client, configMaps, dying, finalizer);
  expect(await client.get(configMaps, held.metadata)).toBeUndefined();
});

test('a ServiceAccount without rights is told what it may not do', async () => {
  const kubeconfig = await cluster.kubeconfigFor({ namespace, name: 'default' });
  const client = createApiClient({ kubeconfig, fieldManager: 'test', userAgent: 'test' });
  onTestFinished(() => client.close());
  await expect(client.list(resources.secrets, { namespace })).rejects.toMatchObject({
    status: 403,
    code: 'forbidden',
    message: expect.stringContaining(`system:serviceaccount:${namespace}:default`),
  });
});

test('what is not installed is known not to be served', async () => {
  expect(await isServed(cluster.client, configMaps)).toBe(true);
  expect(await isServed(cluster.client, { group: 'monitoring.example', version: 'v1', plural: 'nothings' })).toBe(
    false,
  );
});

test('every request names its program in the audit log', async () => {
  await connectAs('audited').list(configMaps, { namespace });
  const isLogged = async () => (await readFile(cluster.auditLog, 'utf8')).includes('"userAgent":"test audited"');
  await waitUntil('the request is in the audit log', isLogged, { secondsMax: 30 });
});
