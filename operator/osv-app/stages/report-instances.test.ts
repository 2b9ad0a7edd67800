import { expect, test } from 'vitest';
import type { AppStatus, Observed } from '../model.ts';
import { instance, observed } from '../testing/observed.ts';
import { reportInstances } from './report-instances.ts';

const answered = new Map([['uid-a', { bootMilliseconds: 12.5, kernelVersion: '0.1.0' }]]);
const report = (change: Partial<Observed>, status?: AppStatus) =>
  reportInstances(observed({ instances: [instance('r', 'a')], ...change, ...(status ? { status } : {}) }));
const statusOf = (outcome: ReturnType<typeof reportInstances>): AppStatus => ({
  ...outcome.status,
  conditions: (outcome.conditions ?? []).map((draft) => ({ ...draft, lastTransitionTime: '2026-01-01T00:00:00Z' })),
});

test('a guest that has answered shows its boot time, and metrics flow', () => {
  const { status, conditions } = report({ guests: answered });
  expect(status?.instances).toMatchObject([{ name: 'a', bootMilliseconds: 12.5 }]);
  expect(conditions).toMatchObject([{ status: 'True', reason: 'GuestsAnswer' }]);
});

test('an operator that has just started changes nothing of what the one before it wrote', () => {
  const before = report({ guests: answered });
  expect(report({}, statusOf(before))).toEqual(before);
});

test('a guest that was asked in vain is silent, whatever was known before', () => {
  const before = statusOf(report({ guests: answered }));
  const [condition] = report({ silentGuests: new Set(['uid-a']) }, before).conditions ?? [];
  expect(condition).toMatchObject({ status: 'False', reason: 'GuestsSilent' });
});

test('a guest that was never heard of is silent until it answers', () => {
  expect(report({}).conditions).toMatchObject([{ status: 'False', reason: 'GuestsSilent' }]);
});
