import { expect, test } from 'vitest';
import { type KubevirtMachine, kubevirtArguments } from './command-line.ts';

const machine: KubevirtMachine = {
  name: 'shop_redis',
  uuid: '5d307ca9-b3ef-428c-8861-06e72d69f223',
  accelerator: 'tcg',
  cpus: 2,
  memoryMebibytes: 128,
  kernel: { path: '/images/boot/osv.elf', arguments: 'a b' },
  disks: [
    { name: 'root', serial: undefined, path: '/g/root.qcow2', format: 'qcow2', readOnly: false },
    { name: 'config', serial: 'config', path: '/g/config.iso', format: 'raw', readOnly: false },
    { name: 'boot', serial: 'boot', path: '/g/boot.iso', format: 'raw', readOnly: false },
  ],
  diskQueues: 2,
  network: { macAddress: '02:00:00:00:00:01' },
  random: true,
  balloon: true,
  graphics: false,
  panicDevice: false,
  rebootTerminates: false,
  serialLogPath: '/g/serial.log',
  guestAgentSocketPath: '/g/agent',
  descriptors: { qmp: 3, network: 4 },
};

function valuesOf(option: string, changes: Partial<KubevirtMachine> = {}): string[] {
  const all = kubevirtArguments({ ...machine, ...changes });
  return all.flatMap((word, index) => (word === option ? [all[index + 1] ?? ''] : []));
}

test('devices sit behind the root ports in libvirt’s order', () => {
  const places = valuesOf('-device').flatMap((device) => {
    const bus = /bus=(pci\.\d+),addr=0x0/.exec(device)?.[1];
    return bus ? [`${device.split(',')[0]} ${bus}`] : [];
  });
  expect(places).toEqual([
    'virtio-net-pci-non-transitional pci.1',
    'virtio-serial-pci-non-transitional pci.2',
    'virtio-blk-pci-non-transitional pci.3',
    'virtio-blk-pci-non-transitional pci.4',
    'virtio-blk-pci-non-transitional pci.5',
    'virtio-balloon-pci-non-transitional pci.6',
    'virtio-rng-pci-non-transitional pci.7',
  ]);
});

test('a disk has a serial only when the VMI names one', () => {
  const disks = valuesOf('-device').filter((device) => device.startsWith('virtio-blk'));
  expect(disks.map((disk) => /serial=(\w+)/.exec(disk)?.[1])).toEqual([undefined, 'config', 'boot']);
  expect(disks[0]).toContain('num-queues=2');
});

test('there is a guest agent’s port and none of ours', () => {
  const ports = valuesOf('-device').filter((device) => device.startsWith('virtserialport'));
  expect(ports).toHaveLength(1);
  expect(ports[0]).toContain('name=org.qemu.guest_agent.0');
});

test('QEMU stays after the guest has switched itself off, and starts again after its reset unless told otherwise', () => {
  expect(kubevirtArguments(machine)).toContain('-no-shutdown');
  expect(kubevirtArguments(machine)).not.toContain('-no-reboot');
  expect(kubevirtArguments({ ...machine, rebootTerminates: true })).toContain('-no-reboot');
});

test('more devices than eight get more root ports', () => {
  const [disk] = machine.disks;
  const disks = Array.from({ length: 6 }, (_, index) => ({
    ...(disk as (typeof machine.disks)[0]),
    name: `d${index}`,
  }));
  const ports = valuesOf('-device', { disks }).filter((device) => device.startsWith('pcie-root-port'));
  expect(ports).toHaveLength(10);
});
