import { type Accelerator, acceleratorArguments, escapeComma, processorArgument, rootPortArguments } from '@osv/local';

export interface MachineDisk {
  name: string;
  serial: string | undefined;
  path: string;
  format: 'raw' | 'qcow2';
  readOnly: boolean;
}

/** Everything that decides QEMU's command line; paths are of this machine. */
export interface KubevirtMachine {
  name: string;
  uuid: string;
  accelerator: Accelerator;
  cpus: number;
  memoryMebibytes: number;
  kernel: { path: string; initrdPath?: string | undefined; arguments: string | undefined } | undefined;
  disks: MachineDisk[];
  /** Queues of each disk. */
  diskQueues: number;
  network: { macAddress: string } | undefined;
  random: boolean;
  balloon: boolean;
  graphics: boolean;
  panicDevice: boolean;
  rebootTerminates: boolean;
  serialLogPath: string;
  guestAgentSocketPath: string;
  descriptors: { qmp: number; network: number };
}

/**
 * QEMU's arguments for the machine that KubeVirt's converter and then libvirt make of a VMI: q35, virtio 1.0 devices
 * each behind a root port, in the order network, serial, disks, balloon, random. QEMU starts paused, and stays after the
 * guest has switched itself off: whoever started it ends it.
 */
export function kubevirtArguments(machine: KubevirtMachine): string[] {
  const processors = { ...machine, machine: 'q35' as const, icount: false };
  const slots = new RootPorts();
  const devices = pciDevices(machine, slots);
  return [
    ...['-name', `guest=${escapeComma(machine.name)},debug-threads=on`],
    ...['-machine', 'q35,usb=off,vmport=off,dump-guest-core=off,memory-backend=pc.ram'],
    ...acceleratorArguments(processors),
    ...['-m', `${machine.memoryMebibytes}`],
    ...['-object', `memory-backend-ram,id=pc.ram,size=${machine.memoryMebibytes}M`, '-overcommit', 'mem-lock=off'],
    ...['-smp', processorArgument(processors)],
    ...['-uuid', machine.uuid, '-smbios', `type=1,manufacturer=KubeVirt,uuid=${machine.uuid}`],
    ...['-display', 'none', '-no-user-config', '-nodefaults', '-rtc', 'base=utc', '-boot', 'strict=on'],
    ...['-no-shutdown', ...(machine.rebootTerminates ? ['-no-reboot'] : []), '-S'],
    ...kernelArguments(machine),
    ...['-chardev', `socket,id=charmonitor,fd=${machine.descriptors.qmp}`, '-mon', 'chardev=charmonitor,mode=control'],
    ...rootPortArguments(slots.used),
    ...devices,
    ...['-chardev', `file,id=charserial0,path=${escapeComma(machine.serialLogPath)}`],
    ...['-device', 'isa-serial,chardev=charserial0,index=0'],
    ...(machine.graphics ? ['-device', 'VGA,vgamem_mb=16,bus=pcie.0,addr=0x8'] : []),
    ...(machine.panicDevice ? ['-device', 'pvpanic'] : []),
    ...['-audiodev', 'driver=none,id=audio1'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-msg', 'timestamp=on'],
  ];
}

/** Hands out the root ports pci.1, pci.2, … one by one. */
class RootPorts {
  used = 0;

  next(): string {
    this.used++;
    return `bus=pci.${this.used},addr=0x0`;
  }
}

function kernelArguments({ kernel }: KubevirtMachine): string[] {
  if (!kernel) return [];
  return [
    ...['-kernel', kernel.path],
    ...(kernel.initrdPath === undefined ? [] : ['-initrd', kernel.initrdPath]),
    ...(kernel.arguments === undefined ? [] : ['-append', kernel.arguments]),
  ];
}

function pciDevices(machine: KubevirtMachine, slots: RootPorts): string[] {
  const { network, descriptors } = machine;
  return [
    ...(network
      ? [
          ...['-netdev', `stream,id=hostnet0,addr.type=fd,addr.str=${descriptors.network}`],
          '-device',
          `virtio-net-pci-non-transitional,netdev=hostnet0,mac=${network.macAddress},romfile=,${slots.next()}`,
        ]
      : []),
    ...['-device', `virtio-serial-pci-non-transitional,id=virtio-serial0,${slots.next()}`],
    ...[
      '-chardev',
      `socket,id=charchannel0,path=${escapeComma(machine.guestAgentSocketPath)},server=on,wait=off`,
      '-device',
      'virtserialport,bus=virtio-serial0.0,nr=1,chardev=charchannel0,id=channel0,name=org.qemu.guest_agent.0',
    ],
    ...machine.disks.flatMap((disk, index) => diskArguments(disk, index, machine, slots)),
    ...(machine.balloon
      ? ['-device', `virtio-balloon-pci-non-transitional,id=balloon0,free-page-reporting=true,${slots.next()}`]
      : []),
    ...(machine.random
      ? [
          ...['-object', 'rng-random,id=objrng0,filename=/dev/urandom'],
          ...['-device', `virtio-rng-pci-non-transitional,rng=objrng0,id=rng0,${slots.next()}`],
        ]
      : []),
  ];
}

function diskArguments(disk: MachineDisk, index: number, machine: KubevirtMachine, slots: RootPorts): string[] {
  const serial = disk.serial === undefined ? '' : `,serial=${escapeComma(disk.serial)}`;
  const boot = index === 0 ? ',bootindex=1' : '';
  return [
    '-drive',
    `if=none,id=drive-${disk.name},format=${disk.format},readonly=${disk.readOnly ? 'on' : 'off'},` +
      `file=${escapeComma(disk.path)},werror=stop,rerror=stop`,
    '-device',
    `virtio-blk-pci-non-transitional,drive=drive-${disk.name},id=ua-${disk.name},num-queues=${machine.diskQueues}` +
      `${serial}${boot},${slots.next()}`,
  ];
}
