import { expect, test } from 'vitest';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { MemoryCache } from './object-cache.ts';
import { PendingWrites } from './pending-writes.ts';

const object = (resourceVersion: string, uid = 'u'): KubernetesObject => ({
  metadata: { namespace: 'shop', name: 'redis', uid, resourceVersion },
});

function setUp() {
  const clock = new FakeClock();
  const cache = new MemoryCache<KubernetesObject>((error) => {
    throw error;
  });
  return { clock, cache, writes: new PendingWrites(clock) };
}

test('a pass waits until the cache shows what was written, and the change that shows it is a reason for it', () => {
  const { cache, writes } = setUp();
  cache.set(object('9'));
  writes.note('app', cache, object('10'));
  expect(writes.waitSeconds('app')).toBe(30);
  cache.set(object('10'));
  expect(writes.isNews('app', object('10'))).toBe(true);
  expect(writes.waitSeconds('app')).toBeUndefined();
});

test('what only shows our own write is no reason for a pass that nobody put off', () => {
  const { cache, writes } = setUp();
  writes.note('app', cache, object('10'));
  cache.set(object('10'));
  expect(writes.isNews('app', object('10'))).toBe(false);
  cache.set(object('11'));
  expect(writes.isNews('app', object('11'))).toBe(true);
  expect(writes.isNews('other', object('10'))).toBe(true);
});

test('a cache that was faster than the answer is not waited for', () => {
  const { cache, writes } = setUp();
  cache.set(object('11'));
  writes.note('app', cache, object('10'));
  expect(writes.waitSeconds('app')).toBeUndefined();
});

test('another object of the name ends the wait, and so does time', async () => {
  const { cache, clock, writes } = setUp();
  writes.note('app', cache, object('10'));
  cache.set(object('3', 'other'));
  expect(writes.waitSeconds('app')).toBeUndefined();
  writes.note('late', new MemoryCache<KubernetesObject>(() => {}), object('10'));
  expect(writes.waitSeconds('late')).toBe(30);
  await clock.advance(30_000);
  expect(writes.waitSeconds('late')).toBeUndefined();
});

test('of several writes each is waited for', () => {
  const { writes, cache } = setUp();
  const services = new MemoryCache<KubernetesObject>(() => {});
  writes.note('app', cache, object('10'));
  writes.note('app', services, object('12', 'service'));
  expect(writes.waitSeconds('app')).toBeDefined();
  cache.set(object('10'));
  expect(writes.isNews('app', object('10'))).toBe(false);
  services.set(object('12', 'service'));
  expect(writes.isNews('app', object('12', 'service'))).toBe(true);
});
