import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { BlobStore } from '../../contents/blob-store.ts';
import type { FileTree } from '../../contents/file-tree.ts';
import { BuildError } from '../../error.ts';
import { unpackTar } from './tar.ts';
import { unpackZip } from './zip.ts';

type Format = 'zip' | 'gzip' | 'tar';

async function formatOf(path: string): Promise<Format> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new BuildError('not-found', `${path} does not exist`, { cause });
    throw new BuildError('bad-source', `${path} cannot be read: ${cause.message}`, { cause });
  });
  try {
    if ((await file.stat()).isDirectory()) throw new BuildError('bad-source', `${path} is a folder, not an archive`);
    const head = Buffer.alloc(512);
    await file.read(head, 0, head.length, 0);
    if (head.toString('latin1', 0, 2) === 'PK') return 'zip';
    if (head.readUInt16BE(0) === 0x1f8b) return 'gzip';
    // POSIX ustar header, offset 257.
    if (head.toString('latin1', 257, 262) === 'ustar') return 'tar';
    throw new BuildError('bad-archive', `${path} is neither a zip nor a tar.gz archive`);
  } finally {
    await file.close();
  }
}

/**
 * Unpacks a zip, tar.gz or tar file into a tree; its first bytes say which it is.
 *
 * @throws BuildError `not-found` or `bad-archive`
 */
export async function unpackArchive(path: string, tree: FileTree, blobs: BlobStore): Promise<void> {
  const format = await formatOf(path);
  if (format === 'zip') return unpackZip(path, tree, blobs);
  let packed = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      packed += chunk.length;
      done(null, chunk);
    },
  });
  const file = createReadStream(path);
  const source = file.pipe(counter);
  const stream = format === 'gzip' ? source.pipe(createGunzip()) : source;
  for (const stage of [file, counter]) stage.on('error', (cause: Error) => stream.destroy(cause));
  try {
    await unpackTar(stream, tree, blobs, () => packed);
  } finally {
    file.destroy();
  }
}
