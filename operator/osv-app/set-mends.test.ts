import { expect, test } from 'vitest';
import type { VirtualMachineInstanceReplicaSet } from '../kubernetes/index.ts';
import type { CacheChange } from '../reconcile-runtime/index.ts';
import { SetMends } from './set-mends.ts';

const set = { metadata: { name: 'a', uid: 'u' }, spec: { selector: {}, template: {} } };
const served = set as unknown as VirtualMachineInstanceReplicaSet;
const at = (seconds: number) => new Date(seconds * 1000);

function mends() {
  let tell: (change: CacheChange<VirtualMachineInstanceReplicaSet>) => void = () => {};
  const subscribe = (handler: typeof tell) => {
    tell = handler;
    return () => {};
  };
  return { mends: new SetMends({ subscribe }), remove: () => tell({ type: 'deleted', object: served }) };
}

test('who changes a set again and again is answered later each time, up to five minutes', () => {
  const { mends: all } = mends();
  const delays: number[] = [];
  for (let time = 0; delays.length < 7; time += delays.at(-1) ?? 0) {
    all.mended(served, at(time));
    delays.push(((all.known.get('u')?.notBefore.getTime() ?? 0) - time * 1000) / 1000);
  }
  expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300]);
  all.mended(served, at(100_000));
  expect(all.known.get('u')?.notBefore).toEqual(at(100_010));
});

test('a set that is gone is forgotten', () => {
  const { mends: all, remove } = mends();
  all.mended(served, at(0));
  remove();
  expect(all.known.size).toBe(0);
});
