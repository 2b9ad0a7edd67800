import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { byteCounter, type Counted, filled } from './layer-stream.ts';

/** A file of a layer: its path in it, and the file on disk with its bytes. */
export interface LayerFile {
  readonly path: string;
  readonly source: string;
  /** Owner in the layer; KubeVirt's containerDisk is read by user and group 107, QEMU's. */
  readonly owner: number;
}

/**
 * Writes an uncompressed tar with the given files and the directories above them; times are 0, so the same files give
 * the same digest.
 */
export async function writeTarLayer(files: readonly LayerFile[], path: string): Promise<Counted> {
  const tar = pack();
  const counter = byteCounter();
  const written = pipeline(tar, counter.stream, createWriteStream(path, { flags: 'wx' }));
  const fill = async () => {
    const epoch = new Date(0);
    const directories = new Set<string>();
    for (const { path: name, source, owner } of files) {
      const parts = name.split('/').slice(0, -1);
      for (let depth = 1; depth <= parts.length; depth++) {
        const directory = `${parts.slice(0, depth).join('/')}/`;
        if (directories.has(directory)) continue;
        directories.add(directory);
        tar.entry({ name: directory, type: 'directory', mode: 0o755, mtime: epoch, uid: owner, gid: owner });
      }
      const { size } = await stat(source);
      const entry = tar.entry({ name, size, mode: 0o444, mtime: epoch, uid: owner, gid: owner });
      await pipeline(createReadStream(source, { highWaterMark: 1 << 20 }), entry);
    }
    tar.finalize();
  };
  await filled(tar, written, fill);
  return counter.end();
}
