import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type ConfigMap, createApiClient, keyOf, resources } from '../kubernetes/index.ts';
import { silentLogger } from '../logger.ts';
import { TestApiServer } from '../testing/api-server/api-server.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { waitFor } from '../testing/wait-for.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';

const { configMaps } = resources;
const map = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  metadata: { namespace: 'shop', name },
  data,
});
const isWatch = ({ query }: { query: URLSearchParams }) => query.has('watch');
const isList = ({ query }: { query: URLSearchParams }) => query.has('limit');

let server: TestApiServer;
let clock: FakeClock;

beforeEach(async () => {
  server = await TestApiServer.start();
  clock = new FakeClock();
  onTestFinished(() => server.stop());
});

function follow(options: Partial<ReflectorOptions<ConfigMap>> = {}) {
  const { kubeconfig } = server;
  const client = createApiClient({ kubeconfig, fieldManager: 'test', userAgent: 'test', clock, random: () => 0 });
  const reflector = new Reflector({
    client,
    resource: configMaps,
    logger: silentLogger,
    clock,
    random: () => 0,
    ...options,
  });
  const stop = new AbortController();
  const ended = reflector.start(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
    await client.close();
  });
  const changes: string[] = [];
  reflector.cache.subscribe(({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
  return { reflector, cache: reflector.cache, changes };
}

const lists = () => server.requests.filter(isList).length;
const watches = () => server.requests.filter(isWatch).length;
/** Runs until it waits for the next try, and lets it try. */
async function retry(milliseconds: number) {
  await waitFor(() => clock.next === milliseconds);
  await clock.advance(milliseconds);
}

test('the cache follows a list in pages and then the watch', async () => {
  for (const name of ['a', 'b', 'c']) server.create(configMaps, map(name));
  const { cache, changes } = follow({ pageSize: 2 });
  expect(cache.hasSynced).toBe(false);
  await cache.synced();
  expect(lists()).toBe(2);
  expect(cache.list('shop').map(({ metadata }) => keyOf(metadata))).toEqual(['shop/a', 'shop/b', 'shop/c']);
  await waitFor(() => server.openWatches === 1);
  const store = server.store(configMaps);
  store.delete({ namespace: 'shop', name: 'b' });
  store.patch({ namespace: 'shop', name: 'a' }, { data: { one: '1' } } as object);
  server.create(configMaps, map('d'));
  await waitFor(() => changes.length === 6);
  expect(changes.slice(3)).toEqual(['deleted b', 'updated a', 'added d']);
  expect(cache.get({ namespace: 'shop', name: 'a' })?.data).toEqual({ one: '1' });
});

test.each(['closed', 'mid-line', 'lost'] as const)('a watch that is cut (%s) goes on where it was', async (how) => {
  const { cache, changes } = follow();
  await cache.synced();
  await waitFor(() => server.openWatches === 1);
  await clock.advance(2000);
  server.cutWatches(how);
  server.create(configMaps, map('meanwhile'));
  if (how !== 'closed') await retry(800);
  await waitFor(() => changes.length === 1);
  expect(changes).toEqual(['added meanwhile']);
  expect(lists()).toBe(1);
});

test('410 leads to one new list, and to the changes that were missed', async () => {
  server.create(configMaps, map('gone'));
  server.create(configMaps, map('stays'));
  const { cache, changes } = follow();
  await cache.synced();
  await waitFor(() => server.openWatches === 1);
  server.cutWatches('lost');
  server.store(configMaps).delete({ namespace: 'shop', name: 'gone' });
  server.create(configMaps, map('new'));
  server.compact();
  await retry(800);
  await waitFor(() => server.openWatches === 1);
  expect(changes).toEqual(['added gone', 'added stays', 'added new', 'deleted gone']);
  expect(lists()).toBe(2);
});

test('410 in the stream, as an ERROR event, leads to a new list as well', async () => {
  const { cache } = follow();
  await cache.synced();
  await waitFor(() => server.openWatches === 1);
  server.writeToWatches(
    '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}',
  );
  await waitFor(() => lists() === 2);
});

test('a server that says 410 to everything is not asked in a hot loop', async () => {
  server.faults.add({ kind: 'status', status: 410 }, isWatch, 1000);
  const { cache } = follow();
  await cache.synced();
  await waitFor(() => watches() === 2 && clock.next !== undefined);
  await retry(800);
  await waitFor(() => watches() === 3);
  await retry(1600);
  await waitFor(() => watches() === 4);
  expect(lists()).toBeLessThanOrEqual(4);
});

test('a continue token that is too old begins the list again', async () => {
  for (const name of ['a', 'b', 'c']) server.create(configMaps, map(name));
  server.faults.add({ kind: 'status', status: 410 }, ({ query }) => query.has('continue'));
  const { cache } = follow({ pageSize: 2 });
  await cache.synced();
  expect(cache.size).toBe(3);
});

test('two quiet minutes do not end a watch', async () => {
  const { cache, changes } = follow();
  await cache.synced();
  await waitFor(() => server.openWatches === 1);
  await clock.advance(120_000);
  server.create(configMaps, map('late'));
  await waitFor(() => changes.length === 1);
  expect(watches()).toBe(1);
});

test('a watch without even a bookmark for three minutes is begun again, a bookmark keeps it', async () => {
  const { cache } = follow();
  await cache.synced();
  await waitFor(() => server.openWatches === 1);
  await clock.advance(120_000);
  server.compact();
  server.sendBookmarks();
  await waitFor(() => clock.next === 180_000);
  expect(watches()).toBe(1);
  await clock.advance(180_000);
  await retry(800);
  await waitFor(() => watches() === 2);
  // It goes on from the bookmark's version, though all before it is forgotten.
  expect(lists()).toBe(1);
});

test('a watch that the server ends at once is begun again with longer and longer pauses', async () => {
  server.faults.add({ kind: 'status', status: 200, text: '' }, isWatch, 100);
  const { cache } = follow();
  await cache.synced();
  for (const pause of [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]) await retry(pause);
});

test.each([429, 500, 503])('status %d of a watch is waited for', async (status) => {
  server.faults.add({ kind: 'status', status, ...(status === 429 && { retryAfterSeconds: 20 }) }, isWatch);
  const { cache } = follow();
  await cache.synced();
  await retry(status === 429 ? 20_000 : 800);
  await waitFor(() => server.openWatches === 1);
  expect(lists()).toBe(1);
});

test('an object that was replaced between two lists is gone and added', async () => {
  server.create(configMaps, map('a'));
  const { cache, changes } = follow();
  await cache.synced();
  await waitFor(() => server.openWatches === 1);
  server.cutWatches('lost');
  server.store(configMaps).delete({ namespace: 'shop', name: 'a' });
  server.create(configMaps, map('a'));
  server.compact();
  await retry(800);
  await waitFor(() => changes.length === 3);
  expect(changes).toEqual(['added a', 'deleted a', 'added a']);
});

test('a subscriber that throws keeps nobody from being told', async () => {
  const { cache, changes } = follow();
  const told: string[] = [];
  cache.subscribe(() => {
    throw new Error('a fault of the test');
  });
  cache.subscribe(({ object }) => told.push(object.metadata.name));
  await cache.synced();
  await waitFor(() => server.openWatches === 1);
  server.create(configMaps, map('a'));
  await waitFor(() => changes.length === 1);
  expect(told).toEqual(['a']);
});

test('objects in the cache are frozen and lack managedFields', async () => {
  server.create(configMaps, {
    ...map('a', { one: '1' }),
    metadata: { namespace: 'shop', name: 'a', managedFields: [{}] },
  });
  const { cache } = follow();
  await cache.synced();
  const object = cache.get({ namespace: 'shop', name: 'a' });
  expect(object?.metadata.managedFields).toBeUndefined();
  expect(() => Object.assign(object?.data ?? {}, { one: '2' })).toThrow(TypeError);
});
