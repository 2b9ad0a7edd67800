import { expect, test } from 'vitest';
import { OwnWrites } from './own-writes.ts';

const object = (resourceVersion: string, uid = 'one') => ({ metadata: { name: 'a', uid, resourceVersion } });

test('what was written counts until the cache has it', () => {
  const writes = new OwnWrites();
  writes.remember('a', object('100'));
  expect(writes.latest('a', object('99')).metadata.resourceVersion).toBe('100');
  expect(writes.latest('a', object('100')).metadata.resourceVersion).toBe('100');
  // The cache went through the written version; an older one afterwards would be another cache's.
  expect(writes.latest('a', object('99')).metadata.resourceVersion).toBe('99');
});

test('a newer object counts, and so does another one of the same name', () => {
  const writes = new OwnWrites();
  writes.remember('a', object('100'));
  expect(writes.latest('a', object('98', 'two')).metadata.uid).toBe('two');
  writes.remember('a', object('100'));
  expect(writes.latest('a', object('101')).metadata.resourceVersion).toBe('101');
});

test('versions that are no numbers are never taken for older', () => {
  const writes = new OwnWrites();
  writes.remember('a', object('100'));
  expect(writes.latest('a', object('x')).metadata.resourceVersion).toBe('x');
});

test('a change that shows only what was written is known, once', () => {
  const writes = new OwnWrites();
  writes.remember('a', object('100'));
  expect(writes.isShownBy('a', object('99'))).toBe(false);
  expect(writes.isShownBy('a', object('100', 'two'))).toBe(false);
  expect(writes.isShownBy('a', object('100'))).toBe(true);
  expect(writes.isShownBy('a', object('100'))).toBe(false);
});
