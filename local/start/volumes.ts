import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ConfigurationObject, LocalOsvApp } from '@osv/contracts';
import { makeIsoImage, writeIsoDisk } from '../boot-configuration/disk.ts';
import { LocalError } from '../errors.ts';
import { parseMemorySize } from '../machine/memory-size.ts';
import { requireProgram } from '../tools.ts';
import { volumeFiles } from './references.ts';
import type { BindRequest, Volume } from './request.ts';

/**
 * Reads `-v HOST:GUEST:ro`. The guest sees a snapshot of the folder, taken at the start.
 *
 * @throws LocalError invalid-argument, or unsupported for a writable one
 */
export function parseBind(text: string): BindRequest {
  const [hostPath, guestPath, mode, ...rest] = text.split(':');
  if (!hostPath || !guestPath?.startsWith('/') || rest.length > 0) {
    throw new LocalError('invalid-argument', `"${text}" is no volume; write FOLDER:/PATH:ro.`);
  }
  if (mode !== 'ro') {
    throw new LocalError('unsupported', `The volume ${text} is writable, which guests cannot have yet; append :ro.`);
  }
  return { hostPath: resolve(hostPath), guestPath };
}

/**
 * Makes the disk of each bind: an ISO 9660 image of the folder, in `imageFolder`.
 *
 * @throws LocalError not-found
 */
export async function bindVolumes(binds: BindRequest[], imageFolder: string): Promise<Volume[]> {
  const volumes: Volume[] = [];
  for (const [index, bind] of binds.entries()) {
    const entry = await stat(bind.hostPath).catch(() => undefined);
    if (!entry?.isDirectory()) throw new LocalError('not-found', `${bind.hostPath} is no folder.`);
    const serial = `volume${index}`;
    const path = join(imageFolder, `${serial}.iso`);
    await writeFile(path, '', { mode: 0o600 });
    const maker = await requireProgram('genisoimage');
    await makeIsoImage(maker, path, serial, bind.hostPath);
    volumes.push({
      mount: { serial, path: bind.guestPath, type: 'iso9660', readOnly: true },
      disk: { serial, path, readOnly: true },
    });
  }
  return volumes;
}

/**
 * Gives each data volume of an instance its disk: a sparse file in `folder`, made at the first start and kept until
 * `osv rm`. The guest formats it when it is blank.
 *
 * @throws LocalError unsupported when the volume asks for more than the file that is there
 */
export async function dataVolumes(volumes: Volume[], folder: string): Promise<Volume[]> {
  return Promise.all(
    volumes.map(async (volume) => {
      if (!volume.data) return volume;
      const { name, serial, sizeBytes } = volume.data;
      const path = join(folder, `${name}.raw`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await open(path, 'a', 0o600);
      try {
        const { size } = await file.stat();
        if (size === 0) await file.truncate(sizeBytes);
        else if (size < sizeBytes) {
          throw new LocalError(
            'unsupported',
            `The volume ${name} has ${size} bytes and is to have ${sizeBytes}, but volumes cannot grow; ${path} is its file.`,
          );
        }
      } finally {
        await file.close();
      }
      return { ...volume, disk: { serial, path, readOnly: volume.mount.readOnly === true } };
    }),
  );
}

/** Makes the disk of each volume that shows a ConfigMap or Secret: an ISO 9660 image in `imageFolder`, as KubeVirt does. */
export async function fileVolumes(volumes: Volume[], imageFolder: string): Promise<Volume[]> {
  return Promise.all(
    volumes.map(async (volume) => {
      if (!volume.files) return volume;
      const { serial, contents } = volume.files;
      const path = join(imageFolder, `${serial}.iso`);
      await writeIsoDisk(path, serial, contents);
      return { ...volume, disk: { serial, path, readOnly: true } };
    }),
  );
}

/** Disks are whole megabytes, and at least what a file system with its journal needs. */
function diskBytes(size: string): number {
  const mebibyte = 1024 * 1024;
  const bytes = Math.ceil(parseMemorySize(size) / mebibyte) * mebibyte;
  if (bytes < 8 * mebibyte) {
    throw new LocalError('invalid-argument', `A volume of ${size} is too small for a file system; 8Mi is the least.`);
  }
  return bytes;
}

/**
 * The volumes of an OsvApp on one machine: emptyDir is memory, a volume with a size is a disk of the instance's own, and
 * ConfigMaps and Secrets are those among `objects`.
 *
 * @throws LocalError unsupported for those that only a cluster has, not-found for a missing object
 */
export function appVolumes(app: LocalOsvApp, objects: ConfigurationObject[] = []): Volume[] {
  return (app.spec.volumes ?? []).map((volume, index) => {
    if (volume.size) {
      const serial = `data${index}`;
      return {
        mount: {
          serial,
          path: volume.mountPath,
          type: 'ext4',
          formatIfBlank: true,
          ...(volume.readOnly ? { readOnly: true } : {}),
        },
        data: { name: volume.name, serial, sizeBytes: diskBytes(volume.size) },
      };
    }
    if (volume.emptyDir) {
      const limit = volume.emptyDir.sizeLimit;
      return {
        mount: { path: volume.mountPath, type: 'tmpfs', ...(limit ? { sizeBytes: parseMemorySize(limit) } : {}) },
      };
    }
    const contents = volumeFiles(volume, app, objects);
    if (contents) {
      const serial = `files${index}`;
      return {
        mount: { serial, path: volume.mountPath, type: 'iso9660', readOnly: true },
        files: { serial, contents },
      };
    }
    throw new LocalError(
      'unsupported',
      `The volume ${volume.name} of ${app.metadata.name} is a claim of a cluster; on one machine, give it a size instead.`,
    );
  });
}
