import type { VirtualMachineInstance } from '@osv/operator/kubernetes';
import { expect, test } from 'vitest';
import { imagesOf, planGuest } from './plan.ts';

type Spec = VirtualMachineInstance['spec'];

const image = `registry.example/redis@sha256:${'0'.repeat(64)}`;

function spec(change: Partial<Spec['domain']['devices']> = {}): Spec {
  return {
    domain: {
      cpu: { cores: 2 },
      memory: { guest: '128Mi' },
      firmware: { kernelBoot: { container: { image, kernelPath: '/boot/osv.elf' } } },
      devices: {
        rng: {},
        disks: [{ name: 'root', serial: 'root', disk: { bus: 'virtio' } }],
        interfaces: [{ name: 'default', masquerade: {}, ports: [{ port: 6379 }, { port: 53, protocol: 'UDP' }] }],
        ...change,
      },
    },
    networks: [{ name: 'default', pod: {} }],
    volumes: [{ name: 'root', containerDisk: { image } }],
  };
}

test('what the VMI leaves open has KubeVirt’s defaults', () => {
  expect(planGuest(spec())).toMatchObject({
    cpus: 2,
    memoryMebibytes: 128,
    balloon: true,
    graphics: true,
    rebootTerminates: false,
    blockMultiQueue: false,
    gracePeriodSeconds: 30,
    network: { tcpPorts: [6379], udpPorts: [53] },
  });
});

test('one image that is kernel and disk is pulled once', () => {
  expect(imagesOf(spec())).toEqual([image]);
});

test('CPUs come from the requests where no topology is given, and are whole', () => {
  const plain = spec();
  plain.domain.cpu = {};
  plain.domain.resources = { requests: { cpu: '1500m', memory: '1Gi' } } as never;
  delete plain.domain.memory;
  expect(planGuest(plain)).toMatchObject({ cpus: 2, memoryMebibytes: 1024 });
});

test.each([
  [{ disks: [{ name: 'root', disk: { bus: 'sata' } }] }, /bus sata/],
  [{ disks: [{ name: 'other', disk: { bus: 'virtio' } }] }, /no volume of its name/],
  [{ interfaces: [{ name: 'default', bridge: {} }] }, /not masquerade/],
  [{ interfaces: [] }, /masquerade: \{\}/],
])('%j is refused with a sentence', (change, sentence) => {
  expect(() => planGuest(spec(change))).toThrow(sentence);
});
