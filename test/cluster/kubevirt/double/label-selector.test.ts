import { expect, test } from 'vitest';
import { formatSelector, selectorMatches } from './label-selector.ts';
import type { LabelSelector } from './types.ts';

const selector: LabelSelector = {
  matchLabels: { tier: 'web', app: 'shop' },
  matchExpressions: [
    { key: 'zone', operator: 'In', values: ['b', 'a'] },
    { key: 'canary', operator: 'DoesNotExist' },
  ],
};

test('a selector is written in the order of its keys', () => {
  expect(formatSelector(selector)).toBe('app=shop,!canary,tier=web,zone in (a,b)');
});

test('all of a selector has to fit', () => {
  const labels = { app: 'shop', tier: 'web', zone: 'a' };
  expect(selectorMatches(selector, labels)).toBe(true);
  expect(selectorMatches(selector, { ...labels, zone: 'c' })).toBe(false);
  expect(selectorMatches(selector, { ...labels, canary: '' })).toBe(false);
});

test('an empty selector fits everything, none fits nothing', () => {
  expect(selectorMatches({}, {})).toBe(true);
  expect(selectorMatches(undefined, {})).toBe(false);
});
