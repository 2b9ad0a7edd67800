import { expect, test } from 'vitest';
import { mergeDiff } from './merge-patch.ts';

test('tells what to set, to replace and to delete', () => {
  const from = { a: 1, b: { c: 1, d: 2 }, list: [1], gone: 'x', same: { deep: [1] } };
  const to = { a: 2, b: { c: 1, e: 3 }, list: [1, 2], same: { deep: [1] } };
  expect(mergeDiff(from, to)).toEqual({ a: 2, b: { d: null, e: 3 }, list: [1, 2], gone: null });
});

test('equal objects need no patch', () => {
  expect(mergeDiff({ a: { b: [1] } }, { a: { b: [1] } })).toBeUndefined();
});
