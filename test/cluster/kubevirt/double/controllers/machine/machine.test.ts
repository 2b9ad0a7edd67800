import { describe, expect, test } from 'vitest';
import { guestSpec } from '../../samples.ts';
import type { Instance, Machine, Phase, RunStrategy } from '../../types.ts';
import { needsRestart } from './revisions.ts';
import { decide } from './run-strategy.ts';
import { nextStartFailure } from './start-failure.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

function machine(runStrategy: RunStrategy, status: Machine['status'] = { runStrategy }): Machine {
  return { metadata: { name: 'db' }, spec: { runStrategy, template: { spec: guestSpec() } }, status };
}

function instance(phase: Phase, ran = false): Instance {
  const phaseTransitionTimestamps = ran ? [{ phase: 'Running' }] : [];
  return {
    metadata: { name: 'db', uid: 'u' },
    spec: guestSpec(),
    status: { phase, phaseTransitionTimestamps },
  } as Instance;
}

describe('a run strategy', () => {
  test.each<[RunStrategy, Phase | undefined, string]>([
    ['Always', undefined, 'start'],
    ['Always', 'Running', 'none'],
    ['Always', 'Succeeded', 'stop'],
    ['RerunOnFailure', 'Succeeded', 'stop'],
    ['RerunOnFailure', undefined, 'none'],
    ['Manual', undefined, 'none'],
    ['Manual', 'Failed', 'none'],
    ['Halted', undefined, 'none'],
    ['Halted', 'Running', 'stop'],
    ['Once', undefined, 'start'],
    ['Once', 'Failed', 'none'],
  ])('%s with an instance that is %s: %s', (strategy, phase, action) => {
    expect(decide({ machine: machine(strategy), instance: phase && instance(phase), now }).action).toBe(action);
  });

  test('RerunOnFailure asks for a start after a failure only', () => {
    const situation = (phase: Phase) => ({ machine: machine('RerunOnFailure'), instance: instance(phase), now });
    expect(decide(situation('Failed'))).toEqual({ action: 'stop', again: true });
    expect(decide(situation('Succeeded'))).toEqual({ action: 'stop', again: false });
  });

  test('a start waits until it is time', () => {
    const startFailure = { retryAfterTimestamp: '2026-01-01T00:00:07Z' };
    expect(decide({ machine: machine('Always', { startFailure }), instance: undefined, now })).toEqual({
      action: 'wait',
      seconds: 7,
    });
  });

  test('a request to stop names the instance', () => {
    const asked = (uid: string) => machine('Manual', { stateChangeRequests: [{ action: 'Stop', uid }] });
    expect(decide({ machine: asked('u'), instance: instance('Running'), now }).action).toBe('stop');
    expect(decide({ machine: asked('other'), instance: instance('Running'), now }).action).toBe('none');
  });
});

describe('failures before the guest runs', () => {
  const failure = (status: Machine['status'], phase: Phase, ran = false) =>
    nextStartFailure(machine('Always', status), instance(phase, ran), now, () => 0);

  test('are counted, and the delay grows with their square', () => {
    expect(failure({}, 'Failed')).toEqual({
      consecutiveFailCount: 1,
      lastFailedVMIUID: 'u',
      retryAfterTimestamp: '2026-01-01T00:00:10Z',
    });
    const twice = { startFailure: { consecutiveFailCount: 2, lastFailedVMIUID: 'other' } };
    expect(failure(twice, 'Failed')).toMatchObject({ retryAfterTimestamp: '2026-01-01T00:01:30Z' });
  });

  test('are counted once an instance', () => {
    const startFailure = { consecutiveFailCount: 1, lastFailedVMIUID: 'u' };
    expect(failure({ startFailure }, 'Failed')).toBe(startFailure);
  });

  test('are forgotten when a guest has run, even if it failed then', () => {
    expect(failure({ startFailure: { consecutiveFailCount: 3 } }, 'Failed', true)).toBeUndefined();
  });
});

test('a machine needs a restart for what it cannot take over while it runs', () => {
  const wanted = guestSpec();
  wanted.nodeSelector = { zone: 'a' };
  expect(needsRestart(guestSpec(), wanted)).toBe(false);
  wanted.hostname = 'other';
  expect(needsRestart(guestSpec(), wanted)).toBe(true);
});
