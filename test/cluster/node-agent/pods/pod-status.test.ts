import type { Pod } from '@osv/operator/kubernetes';
import { expect, test } from 'vitest';
import { alreadySays, type PodState, podStatus } from './pod-status.ts';

const pod: Pod = {
  metadata: { name: 'virt-launcher-redis', namespace: 'shop' },
  spec: {
    initContainers: [
      { name: 'volumeroot', image: 'x' },
      { name: 'guest-console-log', image: 'x', restartPolicy: 'Always' },
    ],
    containers: [{ name: 'compute', image: 'x' }],
    readinessGates: [{ conditionType: 'kubevirt.io/virtual-machine-unpaused' }],
  },
};
const [startedAt, now] = [1_795_000_000_000, 1_795_000_060_000];
const running: PodState = { kind: 'running', podAddress: '10.244.0.9', startedAt, started: true, ready: true };

const ready = (status: NonNullable<Pod['status']>) => status.conditions?.find(({ type }) => type === 'Ready');

test('Ready waits for the readiness gates of others', () => {
  const closed = podStatus(pod, running, now);
  expect(ready(closed)).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
  const gate = { type: 'kubevirt.io/virtual-machine-unpaused', status: 'True' };
  const open = podStatus({ ...pod, status: { conditions: [gate] } }, running, now);
  expect(ready(open)).toMatchObject({ status: 'True' });
  expect(open).toMatchObject({ phase: 'Running', podIP: '10.244.0.9' });
  // Conditions of others are not written.
  expect(open.conditions?.map(({ type }) => type)).not.toContain(gate.type);
});

test('init containers are done, except sidecars', () => {
  const [volume, log] = podStatus(pod, running, now).initContainerStatuses ?? [];
  expect(volume?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
  expect(log?.state?.running).toBeDefined();
});

test('nothing that is written is empty, since the API server drops that', () => {
  const ended = {
    kind: 'ended',
    podAddress: '10.244.0.9',
    startedAt,
    endedAt: now,
    exitCode: 0,
    message: 'm',
  } as const;
  for (const state of [running, ended]) {
    expect(JSON.stringify(podStatus(pod, state, now))).not.toMatch(/:(""|\[\]|\{\})/);
  }
});

test('a transition keeps its time until the status changes', () => {
  const first = podStatus(pod, running, startedAt);
  const second = podStatus({ ...pod, status: first }, running, now);
  expect(alreadySays(first, second)).toBe(true);
  const unready = podStatus({ ...pod, status: first }, { ...running, ready: false }, now);
  const changed = unready.conditions?.find(({ type }) => type === 'ContainersReady');
  expect(changed).toMatchObject({ status: 'False', lastTransitionTime: '2026-11-18T11:07:40Z' });
  expect(alreadySays(first, unready)).toBe(false);
});

test.each([
  [0, 'Succeeded', 'Completed'],
  [1, 'Failed', 'Error'],
])('exit code %d ends the pod as %s', (exitCode, phase, reason) => {
  const ended = { kind: 'ended', podAddress: '10.244.0.9', startedAt, endedAt: now, exitCode, message: 'm' } as const;
  const status = podStatus(pod, ended, now);
  expect(status.phase).toBe(phase);
  expect(status.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode, reason });
  expect(ready(status)?.status).toBe('False');
});

test('a pull that fails is told by every container', () => {
  const waiting = { kind: 'waiting', reason: 'ErrImagePull', message: 'm', since: startedAt } as const;
  const status = podStatus(pod, waiting, now);
  expect(status.phase).toBe('Pending');
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  for (const each of all) expect(each.state?.waiting).toMatchObject({ reason: 'ErrImagePull' });
});
