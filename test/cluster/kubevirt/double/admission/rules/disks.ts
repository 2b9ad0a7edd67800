import type { Disk, Spec } from '../../types.ts';
import { type Causes, invalid, notSupported } from '../cause.ts';
import { labelProblem } from '../words.ts';
import { pciAddress } from './interfaces.ts';

type DiskRule = (field: string, disk: Disk, index: number, disks: readonly Disk[]) => Causes;

const serialMax = 256;
const blockSizeMin = 512;
const blockSizeMax = 2_097_152;
const buses = ['virtio', 'scsi', 'sata', 'usb'];
const errorPolicies = ['stop', 'ignore', 'report', 'enospace'];

/** ValidateDisks in pkg/storage/admitters/disks.go of KubeVirt. */
export function* disksAreValid(path: string, spec: Spec): Causes {
  const disks = spec.domain.devices.disks ?? [];
  for (const [index, disk] of disks.entries()) {
    for (const rule of diskRules) yield* rule(`${path}.domain.devices.disks`, disk, index, disks);
  }
}

function busOf(disk: Disk): string {
  return disk.disk?.bus ?? disk.lun?.bus ?? disk.cdrom?.bus ?? '';
}

function* nameIsUnique(field: string, disk: Disk, index: number, disks: readonly Disk[]): Causes {
  for (const [other, { name }] of disks.slice(0, index).entries()) {
    if (name !== disk.name) continue;
    yield invalid(`${field}[${index}].name`, `${field}[${index}] has the same name as ${field}[${other}]: ${name}`);
  }
}

/** No target is fine: it becomes a disk. */
function* targetIsOne(field: string, { disk, lun, cdrom }: Disk, index: number): Causes {
  if ([disk, lun, cdrom].filter(Boolean).length <= 1) return;
  yield invalid(`${field}[${index}]`, `${field}[${index}] can be only one of disk, lun and cdrom`);
}

/** KubeVirt appends its own `domain.devices.disks.disk` to a path that says it already. */
function* pciAddressFits(field: string, { name, disk }: Disk, index: number): Causes {
  if (!disk?.pciAddress) return;
  const where = `${field}.domain.devices.disks.disk[${index}].pciAddress`;
  if (disk.bus !== 'virtio') yield invalid(where, `disk ${name} has a PCI address, which only virtio disks can have`);
  if (!pciAddress.test(disk.pciAddress)) yield invalid(where, `disk ${name} has no valid PCI address`);
}

function* bootOrderIsPositive(field: string, { bootOrder }: Disk, index: number): Causes {
  if (bootOrder === undefined || bootOrder >= 1) return;
  yield invalid(`${field}[${index}].bootOrder`, `${field}[${index}] has a boot order below 1`);
}

function* busIsSupported(field: string, disk: Disk, index: number): Causes {
  const bus = busOf(disk);
  if (!bus) return;
  const kind = disk.disk ? 'disk' : disk.lun ? 'lun' : 'cdrom';
  const where = `${field}[${index}].${kind}.bus`;
  if (!buses.includes(bus)) yield invalid(where, `${field}[${index}] cannot be on bus '${bus}', only on ${buses}`);
  if (bus === 'virtio' && kind === 'cdrom')
    yield invalid(where, `${field}[${index}] is a CD-ROM, which virtio has not`);
  if (bus === 'sata' && disk.disk?.readonly)
    yield invalid(where, `${field}[${index}] is on SATA, which has no readonly`);
  if (disk.dedicatedIOThread && bus !== 'virtio') {
    yield notSupported(`${field}.domain.devices.disks[${index}]`, `disks on bus '${bus}' have no I/O threads`);
  }
}

function* serialIsPlain(field: string, { serial }: Disk, index: number): Causes {
  if (!serial) return;
  const where = `${field}[${index}].serial`;
  if (!/^[A-Za-z0-9_.+-]+$/.test(serial)) yield invalid(where, `${where} may have letters, digits, _, ., + and -`);
  if ([...serial].length > serialMax) yield invalid(where, `${where} is longer than ${serialMax} characters`);
}

function* cacheIsKnown(field: string, { cache }: Disk, index: number): Causes {
  if (!cache || ['none', 'writethrough', 'writeback'].includes(cache)) return;
  yield invalid(`${field}[${index}].cache`, `${field}[${index}].cache knows no value '${cache}'`);
}

function* ioModeIsKnown(field: string, { io }: Disk, index: number): Causes {
  if (!io || ['native', 'threads'].includes(io)) return;
  yield notSupported(
    `${field}.domain.devices.disks[${index}].io`,
    `the I/O mode '${io}' is neither native nor threads`,
  );
}

function* errorPolicyIsKnown(field: string, { errorPolicy }: Disk, index: number): Causes {
  if (errorPolicy === undefined || errorPolicies.includes(errorPolicy)) return;
  yield invalid(`${field}[${index}].errorPolicy`, `${field}[${index}].errorPolicy knows no value '${errorPolicy}'`);
}

/** A container of the launcher pod may get the disk's name. */
function* nameIsALabel(field: string, { name }: Disk, index: number): Causes {
  const problem = labelProblem(name);
  if (problem) yield invalid(`${field}.domain.devices.disks[${index}].name`, `disk name '${name}': ${problem}`);
}

function* blockSizeIsPossible(field: string, disk: Disk, index: number): Causes {
  const custom = disk.blockSize?.custom;
  if (!custom) return;
  const where = `${field}[${index}].blockSize`;
  const match = disk.blockSize?.matchVolume;
  if (match && match.enabled !== false) {
    yield invalid(where, `${where} is either that of the volume or a custom one`);
    return;
  }
  const { logical = 0, physical = 0, discardGranularity } = custom;
  if (logical > physical) yield invalid(`${where}.custom.logical`, `${where} has a logical size above the physical`);
  else if (busOf(disk) === 'sata' && logical !== blockSizeMin) {
    yield invalid(`${where}.custom.logical`, `${where} can only be ${blockSizeMin} on SATA`);
  } else if (discardGranularity && logical && discardGranularity % logical !== 0) {
    yield invalid(`${where}.custom.discardGranularity`, `${where} needs a granularity that is a multiple of logical`);
  } else {
    for (const [name, size] of Object.entries({ logical, physical })) {
      const powerOf2 = Number.isInteger(Math.log2(size));
      if (size >= blockSizeMin && size <= blockSizeMax && powerOf2) continue;
      const message = `${where} can be powers of 2 from ${blockSizeMin} to ${blockSizeMax}, not ${size}`;
      yield invalid(`${where}.custom.${name}`, message);
    }
  }
}

const diskRules: readonly DiskRule[] = [
  nameIsUnique,
  targetIsOne,
  pciAddressFits,
  bootOrderIsPositive,
  busIsSupported,
  serialIsPlain,
  cacheIsKnown,
  ioModeIsKnown,
  errorPolicyIsKnown,
  nameIsALabel,
  blockSizeIsPossible,
];

/** validateBootOrder in vmi-create-admitter.go: disks have volumes that suit them, boot orders are unique. */
export function* disksHaveVolumes(path: string, { domain, volumes = [] }: Spec): Causes {
  const bootOrders = new Set<number>();
  for (const [index, disk] of (domain.devices.disks ?? []).entries()) {
    const field = `${path}.domain.devices.disks[${index}]`;
    const volume = volumes.find(({ name }) => name === disk.name);
    // An empty CD-ROM drive is allowed: declarative hotplug is on by default.
    if (!volume && !disk.cdrom) yield invalid(`${field}.name`, `${field}.name '${disk.name}' is no volume's name`);
    if (disk.lun && volume && !volume.persistentVolumeClaim && !volume.dataVolume) {
      yield invalid(`${field}.lun`, `${field}.lun can only be a claim or a DataVolume`);
    }
    if (disk.bootOrder === undefined) continue;
    if (bootOrders.has(disk.bootOrder)) yield invalid(`${field}.bootOrder`, `${field}.bootOrder is taken already`);
    bootOrders.add(disk.bootOrder);
  }
  for (const [index, { bootOrder }] of (domain.devices.interfaces ?? []).entries()) {
    if (bootOrder === undefined) continue;
    const field = `${path}.domain.devices.interfaces[${index}].bootOrder`;
    if (bootOrder < 1) yield invalid(`${path}[${index}].bootOrder`, `${field} is below 1`);
    else if (bootOrders.has(bootOrder)) yield invalid(field, `${field} is taken already`);
    bootOrders.add(bootOrder);
  }
}
