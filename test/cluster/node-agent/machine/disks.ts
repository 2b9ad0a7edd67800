import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeIsoDisk } from '@osv/local';
import { NodeAgentError } from '../error.ts';
import type { ImageStore } from '../images/image-store.ts';
import { runTool } from '../run-tool.ts';
import type { MachineDisk } from './command-line.ts';
import type { PlannedDisk } from './plan.ts';
import type { VolumeContents } from './volume-contents.ts';

/** Magic number of qcow2, QEMU's docs/interop/qcow2.txt. */
const qcow2Magic = 'QFI\xfb';

/**
 * Makes the disks of a guest in its folder: a throw-away overlay over a containerDisk, an ISO image of everything else
 * that comes out of the API, read at this moment.
 *
 * @throws NodeAgentError
 */
export async function makeDisks(
  disks: readonly PlannedDisk[],
  folder: string,
  sources: { images: ImageStore; contents: VolumeContents },
): Promise<MachineDisk[]> {
  const made: MachineDisk[] = [];
  for (const disk of disks)
    made.push({ ...(await makeDisk(disk, folder, sources)), name: disk.name, serial: disk.serial });
  return made;
}

type Made = Pick<MachineDisk, 'path' | 'format' | 'readOnly'>;

async function makeDisk(
  disk: PlannedDisk,
  folder: string,
  { images, contents }: { images: ImageStore; contents: VolumeContents },
): Promise<Made> {
  const { volume } = disk;
  if (volume.containerDisk) {
    const { image, path } = volume.containerDisk;
    const backing = await (await images.pull(image)).diskFile(path);
    const overlay = join(folder, `${disk.name}.qcow2`);
    await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', backing, '-F', await formatOf(backing), overlay]);
    return { path: overlay, format: 'qcow2', readOnly: disk.readOnly };
  }
  if (volume.emptyDisk) {
    const path = join(folder, `${disk.name}.qcow2`);
    await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', path, `${contents.bytes(volume.emptyDisk.capacity)}`]);
    return { path, format: 'qcow2', readOnly: disk.readOnly };
  }
  const claim = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name;
  if (claim !== undefined) {
    return { path: await contents.claimFile(claim), format: 'raw', readOnly: disk.readOnly };
  }
  const iso = await contents.iso(volume);
  if (!iso) {
    throw new NodeAgentError('unsupported', `The volume ${volume.name} is of a kind that guests here cannot have.`);
  }
  const path = join(folder, `${disk.name}.iso`);
  await writeFile(path, '', { mode: 0o600 });
  await writeIsoDisk(path, iso.label, iso.files);
  // KubeVirt leaves the ISO writable; nothing that is written to it survives.
  return { path, format: 'raw', readOnly: disk.readOnly };
}

async function formatOf(path: string): Promise<'raw' | 'qcow2'> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(qcow2Magic.length), 0, qcow2Magic.length, 0);
    return buffer.toString('latin1', 0, bytesRead) === qcow2Magic ? 'qcow2' : 'raw';
  } finally {
    await file.close();
  }
}
