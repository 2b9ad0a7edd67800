import type { VirtualMachineInstance } from '@osv/operator/kubernetes';
import { expect, test } from 'vitest';
import { endedStatus, runningStatus, unsynchronizedStatus } from './vmi-status.ts';

const vmi = {
  metadata: { name: 'redis', namespace: 'shop', uid: 'u' },
  spec: { domain: { devices: { interfaces: [{ name: 'default', masquerade: {} }] } } },
  status: { phase: 'Scheduled', conditions: [{ type: 'Ready', status: 'False' }] },
} as VirtualMachineInstance;
const entry = {
  uid: 'u',
  reference: { namespace: 'shop', name: 'redis' },
  nodeName: 'node-1',
  podAddress: '10.244.0.9',
  macAddress: '02:00:00:00:00:01',
  folder: undefined,
  guest: undefined,
};
const now = 1_795_000_000_000;

test('a running guest has its pod’s address, and the conditions of others stay', () => {
  const status = runningStatus(vmi, entry, now);
  expect(status).toMatchObject({
    phase: 'Running',
    interfaces: [{ name: 'default', ipAddress: '10.244.0.9', mac: '02:00:00:00:00:01' }],
    phaseTransitionTimestamps: [{ phase: 'Running' }],
  });
  expect(status.conditions?.map(({ type }) => type)).toEqual(['Ready', 'LiveMigratable']);
});

test('what keeps a guest from starting is said until it starts', () => {
  const failed = { ...vmi, status: { ...vmi.status, ...unsynchronizedStatus(vmi, 'no disk', now) } };
  expect(failed.status.conditions?.at(-1)).toMatchObject({ type: 'Synchronized', status: 'False', message: 'no disk' });
  const started = runningStatus(failed as VirtualMachineInstance, entry, now);
  expect(started.conditions?.map(({ type }) => type)).not.toContain('Synchronized');
});

test('an end has no time twice', () => {
  const outcome = { phase: 'Failed', message: 'm' } as const;
  const once = { ...vmi, status: { ...vmi.status, ...endedStatus(vmi, outcome, now) } } as VirtualMachineInstance;
  expect(endedStatus(once, outcome, now + 60_000)).not.toHaveProperty('phaseTransitionTimestamps');
});
