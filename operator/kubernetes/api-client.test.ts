import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { TestApiServer } from '../testing/api-server/api-server.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { waitFor } from '../testing/wait-for.ts';
import type { ApiClient, WatchEvent } from './api-client.ts';
import { type ApiClientOptions, createApiClient } from './create-api-client.ts';
import { resourcePath } from './resource.ts';
import { type ConfigMap, resources } from './resources.ts';

let server: TestApiServer;
let client: ApiClient;
const { configMaps } = resources;
const map = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  metadata: { namespace: 'shop', name },
  data,
});

function connect(options: Partial<ApiClientOptions> = {}): ApiClient {
  const { kubeconfig } = server;
  const made = createApiClient({ kubeconfig, fieldManager: 'test', userAgent: 'test/1', random: () => 0, ...options });
  onTestFinished(() => made.close());
  return made;
}

beforeEach(async () => {
  server = await TestApiServer.start();
  onTestFinished(() => server.stop());
  client = connect();
});

test('an object is created, read, applied, patched and deleted', async () => {
  const created = await client.create(configMaps, map('a', { one: '1' }));
  expect(created).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { one: '1' } });
  const applied = await client.apply(configMaps, map('a', { two: '2' }));
  expect(applied.data).toEqual({ one: '1', two: '2' });
  const patched = await client.mergePatch(configMaps, applied.metadata, { data: { one: null } });
  expect(patched.data).toEqual({ two: '2' });
  expect(await client.get(configMaps, applied.metadata)).toEqual(patched);
  expect(await client.delete(configMaps, applied.metadata)).toBe(true);
  expect(await client.delete(configMaps, applied.metadata)).toBe(false);
  expect(await client.get(configMaps, applied.metadata)).toBeUndefined();
});

test('what a manager no longer applies goes away', async () => {
  await client.apply(configMaps, map('a', { one: '1', two: '2' }));
  expect((await client.apply(configMaps, map('a', { two: '2' }))).data).toEqual({ two: '2' });
});

test('a list comes in pages, with the type of its items', async () => {
  for (const name of ['a', 'b', 'c']) server.create(configMaps, map(name));
  const first = await client.list(configMaps, { namespace: 'shop', limit: 2 });
  expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  const rest = await client.list(configMaps, { namespace: 'shop', limit: 2, continue: first.continue ?? '' });
  expect(rest.items).toMatchObject([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }]);
  expect(rest.continue).toBeUndefined();
});

test('a watch tells what happens after its version', async () => {
  const { resourceVersion } = await client.list(configMaps);
  const stop = new AbortController();
  const events: WatchEvent<ConfigMap>[] = [];
  const reading = (async () => {
    for await (const event of client.watch(configMaps, { resourceVersion, signal: stop.signal })) events.push(event);
  })();
  await client.create(configMaps, map('a'));
  await client.apply(configMaps, map('a', { one: '1' }));
  await client.delete(configMaps, { namespace: 'shop', name: 'a' });
  await waitFor(() => events.length === 3);
  server.sendBookmarks();
  await waitFor(() => events.length === 4);
  expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);
  stop.abort();
  await reading;
  await waitFor(() => server.openWatches === 0);
});

test('connections are used again', async () => {
  for (let index = 0; index < 10; index++) await client.list(configMaps);
  // A pool may open a second one while the first has not yet told of its answer's end.
  expect(server.connections).toBeLessThanOrEqual(2);
});

test('a refusal says what was refused and why', async () => {
  server.create(configMaps, map('a'));
  await expect(client.create(configMaps, map('a'))).rejects.toMatchObject({
    status: 409,
    reason: 'AlreadyExists',
    code: 'already-exists',
    message: 'Creating one of configmaps in shop was refused by the API server: "a" already exists',
  });
});

test('a namespaced object without a namespace is a mistake of the program', async () => {
  await expect(client.get(configMaps, { name: 'a' })).rejects.toThrow('configmaps live in namespaces');
});

test.each([
  [{ status: 429, retryAfterSeconds: 7 }, 7000],
  [{ status: 503 }, 200],
  [{ status: 500 }, 200],
])('%o is waited for', async (fault, milliseconds) => {
  const clock = new FakeClock();
  const patient = connect({ clock });
  server.faults.add({ kind: 'status', ...fault });
  const listed = patient.list(configMaps);
  await waitFor(() => clock.next === milliseconds);
  await clock.advance(milliseconds);
  expect((await listed).items).toEqual([]);
});

test('patience ends after five tries', async () => {
  const clock = new FakeClock();
  const patient = connect({ clock });
  server.faults.add({ kind: 'status', status: 500 }, () => true, 100);
  const listed = patient.list(configMaps).catch((error) => error);
  for (let tries = 1; tries < 5; tries++) {
    await waitFor(() => server.count('GET') === tries && clock.next !== undefined && clock.next < 10_000);
    await clock.advance(clock.next ?? 0);
  }
  expect(await listed).toMatchObject({ status: 500, code: 'internal-error' });
  expect(server.count('GET')).toBe(5);
});

test('an object is not created twice when the answer is lost', async () => {
  server.faults.add({ kind: 'drop-answer' }, ({ method }) => method === 'POST');
  await expect(client.create(configMaps, map('a'))).rejects.toMatchObject({ status: 0, code: 'unreachable' });
  expect(server.count('POST')).toBe(1);
});

test('what can be repeated is repeated when the answer is lost', async () => {
  server.faults.add({ kind: 'drop-answer' }, ({ method }) => method === 'PATCH');
  expect((await client.apply(configMaps, map('a', { one: '1' }))).data).toEqual({ one: '1' });
  expect(server.count('PATCH')).toBe(2);
});

test('a server that does not answer is given up after 30 s', async () => {
  const clock = new FakeClock();
  const patient = connect({ clock });
  server.faults.add({ kind: 'hang' }, () => true, 1);
  const got = patient.get(configMaps, { namespace: 'shop', name: 'a' });
  await waitFor(() => server.requests.length === 1);
  await clock.advance(30_000);
  await waitFor(() => clock.next === 200);
  await clock.advance(200);
  expect(await got).toBeUndefined();
});

test('a server that is not there is named', async () => {
  const clock = new FakeClock();
  const patient = connect({ clock });
  await server.stop();
  const created = patient.create(configMaps, map('a')).catch((error) => error);
  for (const delay of [200, 400, 800, 1600]) {
    await waitFor(() => clock.next === delay);
    await clock.advance(delay);
  }
  expect(await created).toMatchObject({ status: 0, code: 'refused' });
});

test('the answer of a proxy is an error with its status', async () => {
  server.faults.add({ kind: 'status', status: 404, text: '404 page not found' });
  expect(await client.get(configMaps, { namespace: 'shop', name: 'a' })).toBeUndefined();
  server.faults.add({ kind: 'status', status: 403, text: 'no' });
  await expect(client.list(configMaps)).rejects.toMatchObject({ status: 403, code: 'forbidden' });
});

test('who may not write any more reads on, and renews leases', async () => {
  let may = true;
  const fenced = connect({ mayWrite: () => may });
  await fenced.create(configMaps, map('a'));
  may = false;
  const reference = { namespace: 'shop', name: 'a' };
  const refused = { code: 'aborted', message: expect.stringContaining('may not write any more') };
  await expect(fenced.mergePatch(configMaps, reference, { data: { one: '1' } })).rejects.toMatchObject(refused);
  await expect(fenced.delete(configMaps, reference)).rejects.toMatchObject(refused);
  const path = resourcePath(configMaps, reference);
  await expect(fenced.raw('DELETE', path)).rejects.toMatchObject(refused);
  expect((await fenced.raw('GET', path)).status).toBe(200);
  expect((await fenced.get(configMaps, reference))?.data).toEqual({});
  const lease = await fenced.create(resources.leases, { metadata: { namespace: 'shop', name: 'leader' }, spec: {} });
  expect(lease.metadata.name).toBe('leader');
});
