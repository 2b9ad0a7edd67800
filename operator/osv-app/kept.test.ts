import { expect, test } from 'vitest';
import type { VirtualMachineInstance, VirtualMachineInstanceReplicaSet } from '../kubernetes/index.ts';
import { showsNothing } from './app-controller.ts';
import { keptInstance, keptSet, withoutStatus } from './kept.ts';
import { crashOf, observeInstance, observeSet } from './observe.ts';

const instance = {
  metadata: {
    namespace: 'shop',
    name: 'redis-a',
    uid: 'u',
    resourceVersion: '7',
    creationTimestamp: '2026-01-01T00:00:00Z',
    deletionTimestamp: '2026-01-01T00:02:00Z',
    deletionGracePeriodSeconds: 30,
    labels: { 'osvapp.dev/app': 'redis', 'osvapp.dev/revision': 'r' },
    annotations: { 'kubevirt.io/latest-observed-api-version': 'v1' },
    ownerReferences: [{ apiVersion: 'kubevirt.io/v1', kind: 'x', name: 'redis-r', uid: 'set', controller: true }],
  },
  spec: { domain: { devices: {} }, volumes: [{ name: 'root', containerDisk: { image: 'i' } }] },
  status: {
    phase: 'Failed',
    nodeName: 'node-1',
    conditions: [{ type: 'Synchronized', status: 'False', message: 'no', lastProbeTime: '2026-01-01T00:00:00Z' }],
    interfaces: [{ ipAddress: '10.244.0.9', mac: '02:00:00:00:00:01' }],
    phaseTransitionTimestamps: [{ phase: 'Failed', phaseTransitionTimestamp: '2026-01-01T00:01:00Z' }],
  },
} as unknown as VirtualMachineInstance;

const set = {
  metadata: {
    namespace: 'shop',
    name: 'redis-r',
    uid: 'set',
    resourceVersion: '7',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { 'osvapp.dev/revision': 'r' },
    annotations: { 'osvapp.dev/revision-number': '3', 'osvapp.dev/revision-spec': '{}' },
  },
  spec: { replicas: 2, paused: true, selector: {}, template: { spec: { domain: { devices: {} } } } },
  status: { replicas: 2, conditions: [{ type: 'ReplicaPaused', status: 'True', message: 'paused' }] },
} as unknown as VirtualMachineInstanceReplicaSet;

test('passes see the same of what is kept as of the whole object', () => {
  expect(observeInstance(keptInstance(structuredClone(instance)))).toEqual(observeInstance(instance));
  expect(crashOf(keptInstance(structuredClone(instance)), true)).toEqual(crashOf(instance, true));
  expect(crashOf(instance, true)).toBeDefined();
  expect(observeSet(keptSet(structuredClone(set)))).toEqual(observeSet(set));
});

test('every field of a status that passes ask for is kept', () => {
  const asked = new Set<string>();
  const status = new Proxy(instance.status ?? {}, {
    get: (target, name) => {
      asked.add(String(name));
      return Reflect.get(target, name);
    },
  });
  observeInstance({ ...instance, status });
  crashOf({ ...instance, status }, false);
  const whole = { ...instance, status: Object.fromEntries([...asked].map((name) => [name, []])) };
  expect(Object.keys(keptInstance(whole as never).status ?? {})).toEqual(expect.arrayContaining([...asked]));
});

test('nothing is kept of what only others read', () => {
  expect(JSON.stringify(keptInstance(instance))).not.toContain('containerDisk');
  expect(JSON.stringify(keptSet(set))).not.toMatch(/template|revision-spec/);
  expect(withoutStatus(set)).not.toHaveProperty('status');
});

test('an update of what is not kept is no reason for a pass', () => {
  const probed = structuredClone(instance);
  probed.metadata.resourceVersion = '8';
  for (const one of probed.status?.conditions ?? []) Object.assign(one, { lastProbeTime: '2026-01-01T00:00:09Z' });
  const old = keptInstance(instance);
  expect(showsNothing({ type: 'updated', old, object: keptInstance(probed) })).toBe(true);
  probed.status = { ...probed.status, phase: 'Running' };
  expect(showsNothing({ type: 'updated', old, object: keptInstance(probed) })).toBe(false);
});
