import { describe, expect, test } from 'vitest';
import { fillInstance } from '../admission/defaults.ts';
import { guest } from '../samples.ts';
import type { Spec } from '../types.ts';
import { launcherPod } from './launcher-pod.ts';
import type { LaunchInput } from './pod-types.ts';

interface Rendered {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: {
    terminationGracePeriodSeconds: number;
    nodeSelector: Record<string, string>;
    volumes: { name: string }[];
    initContainers: { name: string }[];
    containers: {
      readinessProbe: { initialDelaySeconds: number };
      resources: { requests: Record<string, string>; limits: Record<string, string> };
      volumeDevices?: object[];
    }[];
  };
}

function render(change?: (spec: Spec) => unknown, input: Partial<LaunchInput> = {}): Rendered {
  const instance = guest(change);
  fillInstance(instance, new Date());
  instance.metadata.uid = '1f0c';
  const rest = { launcherImage: 'launcher', claimOf: () => undefined, random: () => 0 };
  return launcherPod({ instance, ...rest, ...input }) as unknown as Rendered;
}

test('the pod of a guest asks for what the guest, QEMU and its helpers need', () => {
  const { spec, metadata } = render();
  // 128 MiB of guest, 240 MiB of processes, 16 MiB for 2 vCPUs, 8 MiB for an I/O thread.
  expect(spec.containers[0]?.resources).toEqual({
    requests: { cpu: '200m', memory: '392Mi', 'ephemeral-storage': '50M' },
    limits: { 'devices.kubevirt.io/kvm': '1', 'devices.kubevirt.io/tun': '1', 'devices.kubevirt.io/vhost-net': '1' },
  });
  expect(metadata.annotations['kubevirt.io/memory-overhead-bytes']).toBe(`${264 * 1024 * 1024}`);
  expect(spec.terminationGracePeriodSeconds).toBe(60);
  expect(spec.containers[0]?.readinessProbe.initialDelaySeconds).toBe(10);
});

test('images become volumes and containers that tell their digests', () => {
  const { spec } = render();
  expect(spec.volumes.map(({ name }) => name)).toEqual([
    'private',
    'public',
    'sockets',
    'virt-bin-share-dir',
    'libvirt-runtime',
    'ephemeral-disks',
    'boot',
    'root',
    'kernel-boot-volume',
    'launcher-volume',
  ]);
  expect(spec.initContainers.map(({ name }) => name)).toEqual(['volumeroot', 'volumekernel-boot-volume']);
});

test('the serial console is logged by a container of its own unless that is off', () => {
  const { spec } = render(({ domain }) => delete domain.devices.logSerialConsole);
  expect(spec.initContainers[0]).toMatchObject({ name: 'guest-console-log', restartPolicy: 'Always' });
});

test('nodes are chosen by their labels', () => {
  expect(render().spec.nodeSelector).toEqual({
    'kubernetes.io/arch': 'amd64',
    'kubevirt.io/schedulable': 'true',
    'machine-type.node.kubevirt.io/q35': 'true',
  });
});

describe('a claim', () => {
  const withClaim = (spec: Spec) =>
    void spec.volumes?.push({ name: 'data', persistentVolumeClaim: { claimName: 'c' } });

  test('must be there', () => {
    expect(() => render(withClaim)).toThrow(/no claim c/);
  });

  test('of blocks becomes a device', () => {
    const claimOf = () => ({ volumeMode: 'Block', accessModes: ['ReadWriteOnce'] });
    const { spec } = render(withClaim, { claimOf });
    expect(spec.containers[0]?.volumeDevices).toEqual([{ name: 'data', devicePath: '/dev/data' }]);
  });
});
