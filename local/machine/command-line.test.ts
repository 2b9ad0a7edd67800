import { expect, test } from 'vitest';
import { qemuArguments } from './command-line.ts';
import type { MachineSpec } from './machine-spec.ts';

const spec: MachineSpec = {
  machine: 'q35',
  accelerator: 'tcg',
  icount: false,
  cpus: 2,
  memoryMebibytes: 128,
  kernelPath: '/images/osv.elf',
  kernelOptions: ['log=debug'],
  disks: [
    { serial: 'root', path: '/images/root.img', readOnly: true },
    { serial: 'boot', path: '/state/a,b/boot.iso', readOnly: true },
  ],
  kernelLogPath: '/state/a,b/kernel.log',
  network: { backend: 'passt', descriptor: 8 },
  macAddress: '52:54:00:00:00:01',
  channels: { qmp: 3, stdin: 4, stdout: 5, stderr: 6, control: 7 },
};

/** The values of every occurrence of an option. */
function valuesOf(option: string, changes: Partial<MachineSpec> = {}): string[] {
  const all = qemuArguments({ ...spec, ...changes });
  return all.flatMap((word, index) => (word === option ? [all[index + 1] ?? ''] : []));
}

test('every device of the PC sits alone behind its own root port', () => {
  const devices = valuesOf('-device');
  const ports = devices.filter((device) => device.startsWith('pcie-root-port'));
  expect(ports).toHaveLength(8);
  expect(ports[0]).toContain('multifunction=true,addr=0x1');
  expect(ports[7]).toContain('addr=0x1.0x7');
  const buses = devices.flatMap((device) => /bus=(pci\.\d),addr=0x0/.exec(device)?.[1] ?? []);
  expect(new Set(buses).size).toBe(buses.length);
  expect(buses).toHaveLength(6);
});

test('virtio devices of the PC are 1.0 only', () => {
  for (const device of valuesOf('-device').filter((name) => name.startsWith('virtio-'))) {
    expect(device).toMatch(/^virtio-\w+-pci-non-transitional/);
  }
});

test('disks are found by their serials, and commas in paths are doubled', () => {
  expect(valuesOf('-drive')).toEqual([
    'if=none,id=root,format=raw,readonly=on,file=/images/root.img',
    'if=none,id=boot,format=raw,readonly=on,file=/state/a,,b/boot.iso',
  ]);
  expect(valuesOf('-device').filter((device) => device.includes('serial=root'))).toHaveLength(1);
});

test('the streams of the program are named virtio-serial ports on inherited sockets', () => {
  const ports = valuesOf('-device').filter((device) => device.startsWith('virtserialport'));
  expect(ports.map((port) => /name=(\S+)/.exec(port)?.[1])).toEqual([
    'dev.osv.stdin',
    'dev.osv.stdout',
    'dev.osv.stderr',
    'dev.osv.control',
  ]);
  expect(valuesOf('-chardev')).toContain('socket,id=stdout,fd=5');
});

test('the microvm has memory-mapped devices and no PCI', () => {
  const devices = valuesOf('-device', { machine: 'microvm' });
  expect(devices.every((device) => !device.includes('pci'))).toBe(true);
  expect(devices.filter((device) => device.startsWith('virtio-blk-device'))).toHaveLength(2);
  expect(valuesOf('-global', { machine: 'microvm' })).toEqual(['virtio-mmio.force-legacy=false']);
});

test('counting instructions rules KVM out', () => {
  expect(valuesOf('-accel', { accelerator: 'kvm' })).toEqual(['kvm']);
  expect(valuesOf('-accel', { accelerator: 'kvm', icount: true })).toEqual(['tcg']);
  expect(valuesOf('-icount', { icount: true })).toEqual(['shift=0,sleep=off']);
});

test('user networking forwards each port to the static guest address', () => {
  const [netdev] = valuesOf('-netdev', {
    network: {
      backend: 'user',
      guestNetwork: '10.0.2.0/24',
      guestAddress: '10.0.2.15',
      gateway: '10.0.2.2',
      nameserver: '10.0.2.3',
      forwards: [
        { hostAddress: '127.77.0.1', hostPort: 6379, guestPort: 6379 },
        { hostAddress: '127.77.0.1', hostPort: 53, guestPort: 5353, protocol: 'UDP' },
      ],
    },
  });
  expect(netdev).toContain('hostfwd=tcp:127.77.0.1:6379-10.0.2.15:6379,hostfwd=udp:127.77.0.1:53-10.0.2.15:5353');
});

test('without a network there is no network device', () => {
  expect(valuesOf('-netdev', { network: undefined })).toEqual([]);
  expect(valuesOf('-device', { network: undefined }).some((device) => device.includes('virtio-net'))).toBe(false);
});

test('disks beyond the eight root ports get further ones', () => {
  const disks = Array.from({ length: 6 }, (_, index) => ({ serial: `d${index}`, path: '/x', readOnly: true }));
  const devices = valuesOf('-device', { disks });
  expect(devices.filter((device) => device.startsWith('pcie-root-port'))).toHaveLength(10);
  const ports = devices.flatMap((device) => /^virtio-blk-.*bus=pci\.(\d+),addr=0x0/.exec(device)?.[1] ?? []);
  expect(ports).toEqual(['3', '4', '5', '6', '9', '10']);
});
