import { parseMemorySize } from '@osv/local';
import type { VirtualMachineInstance } from '@osv/operator/kubernetes';
import { NodeAgentError } from '../error.ts';

type Spec = VirtualMachineInstance['spec'];
type Disk = NonNullable<Spec['domain']['devices']['disks']>[number];
export type Volume = NonNullable<Spec['volumes']>[number];

export interface PlannedDisk {
  name: string;
  /** By which the guest finds it; QEMU gives none by itself. */
  serial: string | undefined;
  volume: Volume;
  readOnly: boolean;
}

export interface PlannedNetwork {
  macAddress: string | undefined;
  /** Ports that the interface lists; both empty: every port is forwarded. */
  tcpPorts: number[];
  udpPorts: number[];
}

/** Everything of a VMI that decides its machine, with KubeVirt's defaults filled in. */
export interface GuestPlan {
  cpus: number;
  memoryMebibytes: number;
  kernel: { image: string; path: string; initrdPath?: string; arguments: string | undefined } | undefined;
  disks: PlannedDisk[];
  network: PlannedNetwork | undefined;
  random: boolean;
  balloon: boolean;
  graphics: boolean;
  panicDevice: boolean;
  blockMultiQueue: boolean;
  /** The guest's own reset ends it, instead of starting it again. */
  rebootTerminates: boolean;
  gracePeriodSeconds: number;
}

/** KubeVirt's default for `terminationGracePeriodSeconds`. */
const gracePeriodSecondsDefault = 30;
const mebibyte = 1024 * 1024;

/**
 * Reads a VMI as KubeVirt's converter would (pkg/virt-launcher/virtwrap/converter).
 *
 * @throws NodeAgentError unsupported for what this node agent cannot give
 */
export function planGuest(spec: Spec): GuestPlan {
  const { domain } = spec;
  const { devices } = domain;
  return {
    cpus: processorCount(spec),
    memoryMebibytes: memoryMebibytes(spec),
    kernel: kernel(spec),
    disks: (devices.disks ?? []).map((disk) => plannedDisk(disk, spec.volumes ?? [])),
    network: network(spec),
    random: devices.rng !== undefined,
    balloon: devices.autoattachMemBalloon !== false,
    graphics: devices.autoattachGraphicsDevice !== false,
    panicDevice: (devices.panicDevices ?? []).length > 0,
    blockMultiQueue: devices.blockMultiQueue === true,
    rebootTerminates: domain.rebootPolicy === 'Terminate',
    gracePeriodSeconds: spec.terminationGracePeriodSeconds ?? gracePeriodSecondsDefault,
  };
}

/** The images that the machine is made of, each once. */
export function imagesOf(spec: Spec): string[] {
  const disks = (spec.volumes ?? []).flatMap(({ containerDisk }) => containerDisk?.image ?? []);
  const boot = spec.domain.firmware?.kernelBoot?.container?.image;
  return [...new Set([...disks, ...(boot ? [boot] : [])])];
}

function processorCount({ domain }: Spec): number {
  const { cores = 0, sockets = 0, threads = 0 } = domain.cpu ?? {};
  const asked = Math.max(1, cores) * Math.max(1, sockets) * Math.max(1, threads);
  if (cores || sockets || threads) return asked;
  const quantity = domain.resources?.limits?.cpu ?? domain.resources?.requests?.cpu;
  if (quantity === undefined) return 1;
  const text = String(quantity);
  return Math.max(1, Math.ceil(text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text)));
}

function memoryMebibytes({ domain }: Spec): number {
  const quantity = domain.memory?.guest ?? domain.resources?.requests?.memory ?? domain.resources?.limits?.memory;
  if (quantity === undefined) throw new NodeAgentError('unsupported', 'The VMI says nothing about its memory.');
  return Math.max(1, Math.floor(parseMemorySize(String(quantity)) / mebibyte));
}

function kernel({ domain }: Spec): GuestPlan['kernel'] {
  const boot = domain.firmware?.kernelBoot;
  if (!boot?.container?.kernelPath) return undefined;
  const { image, kernelPath, initrdPath } = boot.container;
  return { image, path: kernelPath, ...(initrdPath && { initrdPath }), arguments: boot.kernelArgs };
}

function plannedDisk(disk: Disk, volumes: Volume[]): PlannedDisk {
  const volume = volumes.find(({ name }) => name === disk.name);
  if (!volume) throw new NodeAgentError('unsupported', `The disk ${disk.name} has no volume of its name.`);
  const bus = disk.disk?.bus;
  if (!disk.disk || (bus !== undefined && bus !== 'virtio')) {
    const what = disk.disk ? `bus ${bus}` : 'a kind other than "disk"';
    throw new NodeAgentError('unsupported', `The disk ${disk.name} has ${what}; guests here have virtio disks only.`);
  }
  return { name: disk.name, serial: disk.serial, volume, readOnly: disk.disk.readonly === true };
}

function network({ domain, networks }: Spec): PlannedNetwork | undefined {
  const interfaces = domain.devices.interfaces ?? [];
  const [first, ...others] = interfaces;
  if (!first) {
    if (domain.devices.autoattachPodInterface === false) return undefined;
    throw new NodeAgentError('unsupported', 'The VMI names no interface, which means bridge; say masquerade: {}.');
  }
  if (others.length > 0) throw new NodeAgentError('unsupported', 'More than one interface is not supported here.');
  if (!first.masquerade || !networks?.some(({ name, pod }) => name === first.name && pod)) {
    throw new NodeAgentError('unsupported', `The interface ${first.name} is not masquerade on the pod network.`);
  }
  if (first.model !== undefined && first.model !== 'virtio') {
    throw new NodeAgentError('unsupported', `The interface ${first.name} has model ${first.model}, not virtio.`);
  }
  const ports = first.ports ?? [];
  const of = (wanted: string) => ports.flatMap(({ port, protocol = 'TCP' }) => (protocol === wanted ? port : []));
  return { macAddress: first.macAddress, tcpPorts: of('TCP'), udpPorts: of('UDP') };
}
