import { stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LocalOsvApp } from '@osv/contracts';
import { makeIsoImage } from '../boot-configuration/disk.ts';
import { LocalError } from '../errors.ts';
import { parseMemorySize } from '../machine/memory-size.ts';
import { requireProgram } from '../tools.ts';
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
 * The volumes of an OsvApp on one machine: emptyDir is memory.
 *
 * @throws LocalError unsupported for those that only a cluster has
 */
export function appVolumes(app: LocalOsvApp): Volume[] {
  return (app.spec.volumes ?? []).map((volume) => {
    if (volume.emptyDir) {
      const limit = volume.emptyDir.sizeLimit;
      return {
        mount: { path: volume.mountPath, type: 'tmpfs', ...(limit ? { sizeBytes: parseMemorySize(limit) } : {}) },
      };
    }
    throw new LocalError(
      'unsupported',
      `The volume ${volume.name} of ${app.metadata.name} needs a cluster; on one machine there is only emptyDir.`,
    );
  });
}
