import { expect, test } from 'vitest';
import type { AppStatus } from './model.ts';
import { StatusDetails } from './status-details.ts';

const status = (phase: string, change: Partial<AppStatus> = {}): AppStatus => ({
  replicas: 1,
  readyReplicas: 0,
  instances: [{ name: 'a', phase }],
  ...change,
});

test('details alone wait for a second, counted from the first of them', () => {
  const details = new StatusDetails();
  expect(details.waitSeconds('app', status('Pending'), status('Scheduling'), 5000)).toBe(1);
  expect(details.waitSeconds('app', status('Pending'), status('Scheduled'), 5600)).toBe(0.4);
  expect(details.waitSeconds('app', status('Pending'), status('Running'), 6000)).toBeUndefined();
  expect(details.waitSeconds('app', status('Running'), status('Succeeded'), 6100)).toBe(1);
});

test('what somebody may wait for takes the details with it', () => {
  const details = new StatusDetails();
  const ready = status('Running', { readyReplicas: 1 });
  expect(details.waitSeconds('app', status('Pending'), status('Scheduled'), 0)).toBe(1);
  expect(details.waitSeconds('app', status('Pending'), ready, 100)).toBeUndefined();
  expect(details.waitSeconds('app', undefined, status(''), 200)).toBeUndefined();
});

test('a condition counts by its status and reason, not by its words', () => {
  const details = new StatusDetails();
  const with_ = (message: string, reason = 'RollingOut') =>
    status('Running', {
      conditions: [
        { type: 'Progressing', status: 'True', reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
    });
  expect(details.waitSeconds('app', with_('0 of 9'), with_('1 of 9'), 0)).toBe(1);
  expect(details.waitSeconds('app', with_('0 of 9'), with_('0 of 9', 'Paused'), 0)).toBeUndefined();
});

test('nothing to write does not wait', () => {
  const details = new StatusDetails();
  expect(details.waitSeconds('app', status('Pending'), status('Scheduling'), 0)).toBe(1);
  expect(details.waitSeconds('app', status('Scheduling'), status('Scheduling'), 100)).toBeUndefined();
  expect(details.waitSeconds('app', status('Scheduling'), status('Scheduled'), 2000)).toBe(1);
});
