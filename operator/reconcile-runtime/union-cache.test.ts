import { expect, test } from 'vitest';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { type CacheChange, MemoryCache } from './object-cache.ts';
import { unionOf } from './union-cache.ts';

const object = (namespace: string, name: string): KubernetesObject => ({
  metadata: { namespace, name, uid: `${namespace}/${name}`, resourceVersion: '1' },
});

function caches() {
  const failure = (error: unknown) => {
    throw error;
  };
  const parts = [new MemoryCache(failure), new MemoryCache(failure)] as const;
  return { parts, union: unionOf<KubernetesObject>(parts) };
}

test('what is in any of them is in the union, in indexes too', () => {
  const { parts, union } = caches();
  union.addIndex('name', ({ metadata }) => [metadata.name]);
  parts[0].set(object('a', 'x'));
  parts[1].set(object('b', 'x'));
  expect(union.get({ namespace: 'b', name: 'x' })?.metadata.uid).toBe('b/x');
  expect(union.list('a')).toHaveLength(1);
  expect(union.byIndex('name', 'x')).toHaveLength(2);
  expect(union.size).toBe(2);
});

test('it has synced when all have', async () => {
  const { parts, union } = caches();
  parts[0].retain(new Set());
  expect(union.hasSynced).toBe(false);
  parts[1].retain(new Set());
  await union.synced();
  expect(union.hasSynced).toBe(true);
});

test('changes of all are told until the subscription ends', () => {
  const { parts, union } = caches();
  const seen: CacheChange<KubernetesObject>['type'][] = [];
  const end = union.subscribe(({ type }) => seen.push(type));
  parts[1].set(object('b', 'x'));
  parts[0].set(object('a', 'x'));
  end();
  parts[0].delete({ namespace: 'a', name: 'x' });
  expect(seen).toEqual(['added', 'added']);
});

test('one cache is its own union', () => {
  const [only] = caches().parts;
  expect(unionOf<KubernetesObject>([only])).toBe(only);
});
