import { expect, test } from 'vitest';
import { findCondition, setCondition } from './condition.ts';

const first = new Date('2026-01-01T00:00:00.123Z');
const later = new Date('2026-01-01T01:00:00Z');
const ready = {
  type: 'Available',
  status: 'True',
  reason: 'Ready',
  message: '1 of 1.',
  observedGeneration: 1,
} as const;

test('a new condition is appended with its time in whole seconds', () => {
  expect(setCondition(undefined, ready, first)).toEqual([{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }]);
});

test('only a change of status moves the time', () => {
  const conditions = setCondition([], ready, first);
  const reworded = setCondition(conditions, { ...ready, message: '2 of 2.', observedGeneration: 2 }, later);
  expect(findCondition(reworded, 'Available')).toMatchObject({
    message: '2 of 2.',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const lost = setCondition(reworded, { ...ready, status: 'False' }, later);
  expect(findCondition(lost, 'Available')?.lastTransitionTime).toBe('2026-01-01T01:00:00Z');
});

test('without a change the very same list comes back', () => {
  const conditions = setCondition([], ready, first);
  expect(setCondition(conditions, { ...ready }, later)).toBe(conditions);
});

test('the others and their order stay', () => {
  let conditions = setCondition([], ready, first);
  conditions = setCondition(conditions, { ...ready, type: 'Progressing' }, first);
  conditions = setCondition(conditions, { ...ready, status: 'Unknown' }, later);
  expect(conditions.map(({ type, status }) => [type, status])).toEqual([
    ['Available', 'Unknown'],
    ['Progressing', 'True'],
  ]);
});
