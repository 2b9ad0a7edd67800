import { expect, test } from 'vitest';
import type { VirtualMachineInstance } from '../kubernetes/index.ts';
import { crashOf } from './observe.ts';

const endedAt = '2026-01-01T00:00:10Z';

function ended(status: object, metadata: object = {}): VirtualMachineInstance {
  return {
    metadata: { name: 'a', labels: { 'osvapp.dev/revision': 'r' }, ...metadata },
    spec: { domain: { devices: {} } },
    status: {
      phase: 'Failed',
      phaseTransitionTimestamps: [{ phase: 'Failed', phaseTransitionTimestamp: endedAt }],
      ...status,
    },
  } as VirtualMachineInstance;
}

test('an instance that ended by itself has crashed', () => {
  expect(crashOf(ended({}))).toEqual({ revision: 'r', at: new Date(endedAt) });
});

test('one that was asked to end before has not, one that was asked afterwards has', () => {
  // The deletion's time is when the grace period is over.
  const deletion = (second: number) => ({
    deletionTimestamp: `2026-01-01T00:00:${second}Z`,
    deletionGracePeriodSeconds: 30,
  });
  expect(crashOf(ended({}, deletion(35)))).toBeUndefined();
  expect(crashOf(ended({}, deletion(45)))).toBeDefined();
});

test('one that was lost with its node has not crashed', () => {
  expect(crashOf(ended({ reason: 'NodeUnresponsive' }))).toBeUndefined();
});
