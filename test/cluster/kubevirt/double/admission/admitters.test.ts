import { describe, expect, test } from 'vitest';
import { serviceAccounts, userNameOf } from '../kubevirt-names.ts';
import { guest, guestSpec } from '../samples.ts';
import type { Disk, Instance, Interface, Spec } from '../types.ts';
import {
  mutateInstance,
  mutateMachine,
  validateChangedInstance,
  validateMachine,
  validateNewInstance,
  validateReplicaSet,
} from './admitters.ts';
import { fillInstance } from './defaults.ts';
import type { ReviewRequest, Verdict } from './review.ts';

function request(object: unknown, more: Partial<ReviewRequest> = {}): ReviewRequest {
  return { uid: 'a', operation: 'CREATE', userInfo: { username: 'kate' }, object, oldObject: null, ...more };
}

function fieldsOf({ causes = [] }: Verdict): string[] {
  return causes.map(({ field }) => field);
}

function disk(spec: Spec, index = 0): Disk {
  const found = spec.domain.devices.disks?.[index];
  if (!found) throw new Error('no disk');
  return found;
}

function nic(spec: Spec): Interface {
  const found = spec.domain.devices.interfaces?.[0];
  if (!found) throw new Error('no interface');
  return found;
}

/** As the API server asks: defaults first. */
function admit(change: (spec: Spec) => unknown): Verdict {
  const instance = guest(change);
  fillInstance(instance, new Date());
  return validateNewInstance(request(instance));
}

test('a guest of the operator is admitted', () => {
  expect(admit(() => {})).toEqual({ causes: [] });
});

describe('is refused for', () => {
  const cases: [string, (spec: Spec) => unknown, string[]][] = [
    ['no memory', ({ domain }) => Object.assign(domain, { memory: {} }), ['']],
    [
      'a disk without volume',
      (spec) => Object.assign(disk(spec), { name: 'other' }),
      ['spec.domain.devices.disks[0].name'],
    ],
    ['two bindings', (spec) => Object.assign(nic(spec), { bridge: {} }), ['spec.domain.devices.interfaces[0]']],
    ['no binding', (spec) => void delete nic(spec).masquerade, ['spec.domain.devices.interfaces[0]']],
    [
      'a machine type',
      ({ domain }) => Object.assign(domain, { machine: { type: 'i440fx' } }),
      ['spec.domain.machine.type'],
    ],
    ['a probe without handler', (spec) => Object.assign(spec, { livenessProbe: {} }), ['spec.livenessProbe']],
    [
      'a read-only SATA disk',
      (spec) => Object.assign(disk(spec), { disk: { readonly: true } }),
      ['spec.domain.devices.disks[0].disk.bus'],
    ],
    [
      'a relative kernel path',
      ({ domain }) => Object.assign(domain.firmware?.kernelBoot?.container ?? {}, { kernelPath: 'boot/osv.elf' }),
      ['spec.domain.firmware.kernelBoot.container.kernelPath'],
    ],
    [
      'a request above the limit',
      ({ domain }) => Object.assign(domain, { resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } }),
      ['spec.domain.resources.requests.memory'],
    ],
  ];
  test.each(cases)('%s', (_, change, fields) => {
    expect(fieldsOf(admit(change))).toEqual(fields);
  });

  test('a label that belongs to KubeVirt, unless it is KubeVirt who sets it', () => {
    const instance = guest();
    instance.metadata.labels = { 'kubevirt.io/nodeName': 'node-1' };
    fillInstance(instance, new Date());
    expect(fieldsOf(validateNewInstance(request(instance)))).toEqual(['metadata.labels']);
    const userInfo = { username: userNameOf(serviceAccounts.controller) };
    expect(fieldsOf(validateNewInstance(request(instance, { userInfo })))).toEqual([]);
  });
});

describe('an instance that exists', () => {
  const update = (change: (instance: Instance) => unknown, userInfo: ReviewRequest['userInfo']) => {
    const oldObject = guest();
    oldObject.status = { nodeName: 'node-1', phase: 'Scheduled' } as NonNullable<Instance['status']>;
    const object = structuredClone(oldObject);
    change(object);
    return request(object, { operation: 'UPDATE', oldObject, userInfo });
  };
  const user = { username: 'kate' };
  const handler = (node?: string) => ({
    username: userNameOf(serviceAccounts.handler),
    extra: node ? { 'authentication.kubernetes.io/node-name': [node] } : {},
  });

  test('keeps its spec', () => {
    const change = ({ spec }: Instance) => Object.assign(spec, { hostname: 'other' });
    expect(validateChangedInstance(update(change, user)).causes).toHaveLength(1);
  });

  test('takes a status from KubeVirt only', () => {
    const change = (instance: Instance) => Object.assign(instance, { status: { phase: 'Running' } });
    expect(mutateInstance(update(change, user)).patch?.[0]?.value).toMatchObject({ phase: 'Scheduled' });
    expect(mutateInstance(update(change, handler('node-1')))).toEqual({});
  });

  test('is changed by its own node only', () => {
    const change = (instance: Instance) => Object.assign(instance, { status: { phase: 'Running' } });
    expect(validateChangedInstance(update(change, handler('node-1')))).toEqual({});
    expect(validateChangedInstance(update(change, handler('node-2'))).causes).toHaveLength(1);
    expect(validateChangedInstance(update(change, handler())).causes).toHaveLength(1);
  });
});

test('a replica set must select the labels of its template', () => {
  const object = (label: string) => ({
    metadata: { name: 'redis' },
    spec: {
      selector: { matchLabels: { app: 'redis' } },
      template: { metadata: { labels: { app: label } }, spec: guestSpec() },
    },
  });
  expect(fieldsOf(validateReplicaSet(request(object('redis'))))).toEqual([]);
  expect(fieldsOf(validateReplicaSet(request(object('other'))))).toEqual(['spec.selector']);
});

test('a machine gets its type and firmware, and needs one run strategy', () => {
  const template = { spec: guestSpec() };
  const object = { metadata: { name: 'db' }, spec: { runStrategy: 'Always', template } };
  const { patch } = mutateMachine(request(object));
  expect(patch?.[0]?.value).toMatchObject({
    template: { spec: { domain: { machine: { type: 'q35' }, firmware: { uuid: expect.any(String) } } } },
  });
  // Memory cannot be plugged below 1 GiB, so no maximum may be given there, unlike in an instance.
  expect(fieldsOf(validateMachine(request(object)))).toEqual(['spec.template.spec.domain.memory.guest']);
  delete template.spec.domain.memory?.maxGuest;
  expect(fieldsOf(validateMachine(request(object)))).toEqual([]);
  const both = { ...object, spec: { ...object.spec, running: true } };
  expect(fieldsOf(validateMachine(request(both)))).toEqual(['spec.running']);
  const wrong = { ...object, spec: { ...object.spec, runStrategy: 'Sometimes' } };
  expect(fieldsOf(validateMachine(request(wrong)))).toEqual(['spec.runStrategy']);
});
