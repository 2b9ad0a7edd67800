import { expect, test } from 'vitest';
import { resources } from '../kubernetes/index.ts';
import { stepsOf } from './act.ts';
import { decide } from './decide.ts';
import type { Action } from './model.ts';
import { observed } from './testing/observed.ts';

const names = (actions: readonly Action[]) =>
  actions.map((action) => (action.type === 'apply' ? action.resource.plural : action.type));

test('what instances need goes before them at once, and the rest after them', () => {
  const { actions } = decide(observed({ spec: { replicas: 2 } }), { managementPeers: [] });
  expect(stepsOf(actions).map(names)).toEqual([
    ['event', 'networkpolicies', 'ensure-boot-secret'],
    ['virtualmachineinstancereplicasets'],
    ['event', 'services', 'poddisruptionbudgets'],
  ]);
});

test('what moves instances stays in order', () => {
  const scale = (set: string): Action => ({ type: 'scale-set', set, replicas: 1, paused: false });
  const remove: Action = { type: 'delete', resource: resources.virtualMachineInstances, reference: { name: 'a' } };
  expect(stepsOf([scale('a'), scale('b'), remove]).map(names)).toEqual([['scale-set'], ['scale-set'], ['delete']]);
});
