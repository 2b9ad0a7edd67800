import { expect, test } from 'vitest';
import { difference } from './difference.ts';

test.each([
  [{ a: 1, b: { c: 2, d: 3 } }, { b: { c: 4 } }, { a: null, b: { c: 4, d: null } }],
  [{ a: [1, 2] }, { a: [1] }, { a: [1] }],
  [{ a: { b: 1 } }, { a: { b: 1 } }, {}],
  [{}, { a: { b: {} } }, { a: { b: {} } }],
  [{ a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
])('from %j to %j', (before, after, patch) => {
  expect(difference(before, after)).toEqual(patch);
});
