import type { Disk, MachineSpec, NetworkDevice } from './machine-spec.ts';
import { acceleratorArguments, escapeComma, processorArgument, rootPortArguments } from './qemu-options.ts';

/** Ports of the virtio-serial device, in the order of their numbers; number 0 is reserved for a console. */
const guestPorts = ['stdin', 'stdout', 'stderr', 'control'] as const;

/** Which device sits behind which of the eight root ports. */
const rootPortOf = { network: 1, serial: 2, firstDisk: 3, balloon: 7, random: 8 } as const;
const diskPortsAmongEight = rootPortOf.balloon - rootPortOf.firstDisk;

/** Further disks have the ports after the eight. */
function diskPort(index: number): number {
  return (index < diskPortsAmongEight ? rootPortOf.firstDisk : rootPortOf.random + 1 - diskPortsAmongEight) + index;
}

/** The arguments of qemu-system-x86_64 for a machine; QEMU starts paused and waits for `cont`. */
export function qemuArguments(spec: MachineSpec): string[] {
  return [
    ...machineArguments(spec),
    ...acceleratorArguments(spec),
    ...['-smp', processorArgument(spec)],
    ...['-m', `${spec.memoryMebibytes}`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-rtc', 'base=utc'],
    // A triple fault then ends QEMU; without it the guest would start again.
    ...['-no-reboot', '-S'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-kernel', spec.kernelPath],
    ...(spec.kernelOptions.length > 0 ? ['-append', spec.kernelOptions.join(' ')] : []),
    ...['-chardev', `file,id=serial0,path=${escapeComma(spec.kernelLogPath)}`],
    ...(spec.machine === 'microvm'
      ? ['-serial', 'chardev:serial0']
      : ['-device', 'isa-serial,chardev=serial0,index=0']),
    ...['-chardev', `socket,id=qmp,fd=${spec.channels.qmp}`, '-mon', 'chardev=qmp,mode=control'],
    ...(spec.machine === 'microvm' ? memoryMappedDevices(spec) : pciDevices(spec)),
  ];
}

function machineArguments(spec: MachineSpec): string[] {
  if (spec.machine === 'q35') return ['-machine', 'q35,usb=off,vmport=off,dump-guest-core=off'];
  return [
    ...['-machine', 'microvm,acpi=on,pit=off,pic=off,rtc=on,isa-serial=on,pcie=off,auto-kernel-cmdline=on'],
    // virtio-mmio defaults to the draft before virtio 1.0.
    ...['-global', 'virtio-mmio.force-legacy=false'],
  ];
}

/** The devices of a KubeVirt guest: virtio 1.0 only, each behind its own root port. */
function pciDevices(spec: MachineSpec): string[] {
  const behind = (port: number) => `bus=pci.${port},addr=0x0`;
  return [
    ...rootPortArguments(diskPort(spec.disks.length - 1)),
    ...networkArguments(spec.network),
    ...(spec.network
      ? [
          '-device',
          // No boot from the network: the option ROM would only take time.
          `virtio-net-pci-non-transitional,netdev=net0,mac=${spec.macAddress},romfile=,${behind(rootPortOf.network)}`,
        ]
      : []),
    ...['-device', `virtio-serial-pci-non-transitional,id=serial,${behind(rootPortOf.serial)}`],
    ...guestPortArguments(spec),
    ...spec.disks.flatMap((disk, index) => [
      ...driveArguments(disk),
      '-device',
      `virtio-blk-pci-non-transitional,drive=${disk.serial},serial=${disk.serial},num-queues=${spec.cpus},` +
        behind(diskPort(index)),
    ]),
    ...['-device', `virtio-balloon-pci-non-transitional,free-page-reporting=true,${behind(rootPortOf.balloon)}`],
    ...randomArguments(`virtio-rng-pci-non-transitional,rng=random,${behind(rootPortOf.random)}`),
  ];
}

function memoryMappedDevices(spec: MachineSpec): string[] {
  return [
    ...networkArguments(spec.network),
    ...(spec.network ? ['-device', `virtio-net-device,netdev=net0,mac=${spec.macAddress}`] : []),
    ...['-device', 'virtio-serial-device,id=serial'],
    ...guestPortArguments(spec),
    ...spec.disks.flatMap((disk) => [
      ...driveArguments(disk),
      ...['-device', `virtio-blk-device,drive=${disk.serial},serial=${disk.serial}`],
    ]),
    ...randomArguments('virtio-rng-device,rng=random'),
  ];
}

function networkArguments(network: NetworkDevice | undefined): string[] {
  if (!network) return [];
  if (network.backend === 'passt') {
    return ['-netdev', `stream,id=net0,addr.type=fd,addr.str=${network.descriptor}`];
  }
  const forwards = network.forwards.map(
    ({ hostAddress, hostPort, guestPort, protocol = 'TCP' }) =>
      `hostfwd=${protocol.toLowerCase()}:${hostAddress}:${hostPort}-${network.guestAddress}:${guestPort}`,
  );
  const { guestNetwork, guestAddress, gateway, nameserver } = network;
  return [
    '-netdev',
    [
      `user,id=net0,ipv6=off,net=${guestNetwork},dhcpstart=${guestAddress},host=${gateway},dns=${nameserver}`,
      ...forwards,
    ].join(','),
  ];
}

function guestPortArguments(spec: MachineSpec): string[] {
  return guestPorts.flatMap((name, index) => [
    '-chardev',
    `socket,id=${name},fd=${spec.channels[name]}`,
    '-device',
    `virtserialport,bus=serial.0,nr=${index + 1},chardev=${name},name=dev.osv.${name}`,
  ]);
}

function driveArguments(disk: Disk): string[] {
  const readOnly = disk.readOnly ? 'on' : 'off';
  return ['-drive', `if=none,id=${disk.serial},format=raw,readonly=${readOnly},file=${escapeComma(disk.path)}`];
}

function randomArguments(device: string): string[] {
  return ['-object', 'rng-random,id=random,filename=/dev/urandom', '-device', device];
}
