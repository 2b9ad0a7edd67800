import { expect, test } from 'vitest';
import type { VirtualMachineInstance } from '../kubernetes/index.ts';
import type { CacheChange } from '../reconcile-runtime/index.ts';
import { EndedInstances } from './ended-instances.ts';
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
  expect(crashOf(ended({}), false)).toMatchObject({
    instance: 'a',
    phase: 'Failed',
    revision: 'r',
    at: new Date(endedAt),
  });
});

test('one that was asked to end before has not, one that was asked afterwards has', () => {
  // The deletion's time is when the grace period is over.
  const deletion = (second: number) => ({
    deletionTimestamp: `2026-01-01T00:00:${second}Z`,
    deletionGracePeriodSeconds: 30,
  });
  expect(crashOf(ended({}, deletion(35)), false)).toBeUndefined();
  expect(crashOf(ended({}, deletion(45)), false)).toBeDefined();
});

test('of one that ended in the second of its deletion only who saw it knows which came first', () => {
  const same = ended({}, { deletionTimestamp: endedAt, deletionGracePeriodSeconds: 0 });
  expect(crashOf(same, false)).toBeUndefined();
  expect(crashOf(same, true)).toBeDefined();
});

test('who has seen an instance end before it was deleted remembers that for as long as it is there', () => {
  const changes: ((change: CacheChange<VirtualMachineInstance>) => void)[] = [];
  const subscribe = (listener: (typeof changes)[number]) => {
    changes.push(listener);
    return () => {};
  };
  const seen = new EndedInstances({ subscribe });
  const tell = (type: 'updated' | 'deleted', object: VirtualMachineInstance) => {
    for (const change of changes) change({ type, object, old: object } as CacheChange<VirtualMachineInstance>);
  };
  const deletion = { deletionTimestamp: endedAt };
  tell('updated', ended({}, { uid: 'crashed' }));
  tell('updated', ended({}, { uid: 'crashed', ...deletion }));
  tell('updated', ended({}, { uid: 'stopped', ...deletion }));
  expect([seen.has('crashed'), seen.has('stopped')]).toEqual([true, false]);
  tell('deleted', ended({}, { uid: 'crashed', ...deletion }));
  expect(seen.has('crashed')).toBe(false);
});

test('one that was lost with its node has not crashed', () => {
  expect(crashOf(ended({ reason: 'NodeUnresponsive' }), true)).toBeUndefined();
});
