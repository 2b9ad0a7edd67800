import { expect, test } from 'vitest';
import { imageKey } from './image-key.ts';
import type { Source } from './source/source.ts';

const kernel = `sha256:${'0'.repeat(64)}`;
const sha256 = '1'.repeat(64);

test('equal sources have equal keys, whatever their order of fields', () => {
  const key = imageKey({ kind: 'packages', names: ['redis-server'] }, kernel);
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(imageKey({ names: ['redis-server'], kind: 'packages' }, kernel)).toBe(key);
  expect(imageKey({ kind: 'packages', names: ['redis-server'] }, `sha256:${'1'.repeat(64)}`)).not.toBe(key);
});

test.each<[Source, Source, boolean]>([
  [{ kind: 'packages', names: ['a1', 'b1'] }, { kind: 'packages', names: ['b1', 'a1'] }, false],
  [{ kind: 'image', reference: 'a:1' }, { kind: 'image', reference: 'a:2' }, false],
  [{ kind: 'remoteArchive', url: 'https://a/x', sha256 }, { kind: 'remoteArchive', url: 'https://b/y', sha256 }, true],
  [{ kind: 'remoteArchive', url: 'https://a/x' }, { kind: 'remoteArchive', url: 'https://b/y' }, false],
])('%o and %o have one key: %s', (one, two, same) => {
  expect(imageKey(one, kernel) === imageKey(two, kernel)).toBe(same);
});

test('a source on one machine has none', () => {
  expect(() => imageKey({ kind: 'directory', path: '/x' }, kernel)).toThrow(/on one machine/);
});
