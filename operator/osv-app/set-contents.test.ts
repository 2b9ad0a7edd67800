import { expect, test } from 'vitest';
import type { VirtualMachineInstanceReplicaSet } from '../kubernetes/index.ts';
import { keptSet } from './kept.ts';
import { replicaSet } from './objects/replica-set.ts';
import { observeSet } from './observe.ts';
import { setContents } from './set-contents.ts';

type Template = NonNullable<VirtualMachineInstanceReplicaSet['spec']['template']['spec']>;

function wanted(): VirtualMachineInstanceReplicaSet {
  const plan = {
    owner: { name: 'redis', namespace: 'shop', uid: 'app-uid' },
    spec: { source: { packages: { names: ['redis-server'] } } },
    revision: '0123456789',
    imageReference: 'registry.example/apps@sha256:1',
    bootSecretName: 'redis-0123456789-boot',
    memoryBytes: 128 * 1024 * 1024,
  };
  return JSON.parse(JSON.stringify(replicaSet(plan, 1, 1, false)));
}

/** As the server has it. */
function served(change: (set: VirtualMachineInstanceReplicaSet) => unknown = () => {}) {
  const set = wanted();
  Object.assign(set.metadata, { uid: 'u', resourceVersion: '5', creationTimestamp: '2026-01-01T00:00:00Z' });
  Object.assign(set.spec.template.metadata ?? {}, { creationTimestamp: null });
  Object.assign(template(set).domain, { resources: {} });
  change(set);
  return set;
}

/** The part of it that most is said in. */
function template({ spec }: VirtualMachineInstanceReplicaSet): Template {
  return spec.template.spec as Template;
}

test('what KubeVirt and the operator itself change while a set lives is no difference', () => {
  const before = setContents(wanted());
  expect(setContents(served())).toBe(before);
  const lived = served(({ metadata, spec }) => {
    spec.replicas = 4;
    spec.paused = true;
    metadata.annotations = { ...metadata.annotations, 'osvapp.dev/revision-number': '7', 'kubevirt.io/x': 'v1' };
  });
  expect(setContents(lived)).toBe(before);
});

test.each<[string, (set: VirtualMachineInstanceReplicaSet) => unknown]>([
  ['a changed field', (set) => Object.assign(template(set).domain.memory ?? {}, { guest: '1Gi' })],
  ['one field more', (set) => Object.assign(template(set), { nodeSelector: { disk: 'ssd' } })],
  ['resources', (set) => Object.assign(template(set).domain, { resources: { requests: { memory: '1Gi' } } })],
  ['a lost field', (set) => delete template(set).domain.devices.rng],
  ['a lost label', ({ metadata }) => delete metadata.labels?.['app.kubernetes.io/name']],
  ['another spec of the revision', ({ metadata }) => delete metadata.annotations?.['osvapp.dev/revision-spec']],
])('%s is one, also in what is kept', (_, change) => {
  const set = served(change);
  expect(setContents(set)).not.toBe(setContents(wanted()));
  expect(observeSet(keptSet(set)).contents).toBe(setContents(set));
});
