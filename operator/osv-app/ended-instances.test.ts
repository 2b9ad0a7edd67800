import { expect, test } from 'vitest';
import type { VirtualMachineInstance, VirtualMachineInstanceReplicaSet } from '../kubernetes/index.ts';
import type { CacheChange } from '../reconcile-runtime/index.ts';
import { EndedInstances } from './ended-instances.ts';

/** A cache of which only changes are told. */
function told<T>() {
  let handler: (change: CacheChange<never>) => void = () => {};
  return {
    subscribe: (subscriber: typeof handler) => {
      handler = subscriber;
      return () => {};
    },
    tell: (type: 'added' | 'updated' | 'deleted', object: T) => handler({ type, object } as CacheChange<never>),
  };
}

const end = '2026-01-01T00:00:10Z';
const soon = new Date('2026-01-01T00:00:12Z');
const metadata = {
  name: 'a',
  uid: 'u',
  labels: { 'osvapp.dev/revision': 'r' },
  ownerReferences: [{ uid: 'set', controller: true }],
};
const status = { phase: 'Failed', phaseTransitionTimestamps: [{ phase: 'Failed', phaseTransitionTimestamp: end }] };
const failed = { metadata, status } as unknown as VirtualMachineInstance;
/** Its set deleted it in the second of its end. */
const leaving = { ...failed, metadata: { ...metadata, deletionTimestamp: end, deletionGracePeriodSeconds: 0 } };

function watched() {
  const instances = told<unknown>();
  const sets = told<unknown>();
  return { instances, sets, ended: new EndedInstances(instances as never, sets as never) };
}

test('an instance that crashed and has gone before anybody looked has crashed', () => {
  const { instances, sets, ended } = watched();
  instances.tell('updated', failed);
  instances.tell('updated', leaving);
  expect(ended.has('u')).toBe(true);
  instances.tell('deleted', leaving);
  expect(ended.has('u')).toBe(false);
  expect(ended.crashesOf('set', soon)).toMatchObject([{ revision: 'r', at: new Date(end) }]);
  expect(ended.crashesOf('set', new Date('2026-01-01T00:02:00Z'))).toEqual([]);
  expect(ended.crashesOf('another', soon)).toEqual([]);
  sets.tell('deleted', { metadata: { uid: 'set' } } as VirtualMachineInstanceReplicaSet);
  expect(ended.crashesOf('set', soon)).toEqual([]);
});

test('one that was deleted and ended by that has not', () => {
  const { instances, ended } = watched();
  instances.tell('updated', leaving as unknown as VirtualMachineInstance);
  instances.tell('deleted', leaving as unknown as VirtualMachineInstance);
  expect(ended.crashesOf('set', soon)).toEqual([]);
});

test('the crash of an instance that goes after its set is forgotten too', () => {
  const { instances, sets, ended } = watched();
  instances.tell('updated', failed);
  sets.tell('deleted', { metadata: { uid: 'set' } } as VirtualMachineInstanceReplicaSet);
  instances.tell('deleted', failed);
  const later = { phase: 'Failed', phaseTransitionTimestamp: '2026-01-01T00:05:00Z' };
  const other = { ...metadata, uid: 'v', ownerReferences: [{ uid: 'another', controller: true }] };
  instances.tell('deleted', { metadata: other, status: { ...status, phaseTransitionTimestamps: [later] } });
  expect(ended.crashesOf('another', new Date('2026-01-01T00:05:01Z'))).toHaveLength(1);
  expect(ended.crashesOf('set', soon)).toEqual([]);
});
