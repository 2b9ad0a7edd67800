import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Header } from 'tar-stream';
import type { BlobStore } from '../../contents/blob-store.ts';
import { type DirectoryNode, type FileContent, FileTree } from '../../contents/file-tree.ts';
import { BuildError } from '../../error.ts';
import { addSpecial, isFile, readTar } from '../archive/tar.ts';

/** A layer of a pulled image. */
export interface Layer {
  readonly path: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Digest of the layer once it is unpacked, from the image's configuration: sha256:… */
  readonly diffId: string;
}

/** OCI image-spec v1.1, layer.md, "Whiteouts". */
const whiteoutPrefix = '.wh.';
const opaqueName = '.wh..wh..opq';
/** Names that AUFS kept for itself. */
const reservedPrefix = '.wh..wh.';

type Change = { readonly header: Header; readonly content?: FileContent };

/**
 * Applies a layer to the tree of those below it. Whiteouts remove what lower layers brought, wherever in the layer they
 * stand; then its own entries replace what is in their way, directories included, unless both are directories.
 *
 * @param countPacked hears of the layer's bytes as they are read
 * @param packedBytes bytes of all layers read so far, for the limit on the ratio
 * @throws BuildError `bad-archive` for names and links that lead out of the image, unknown types, and a wrong digest
 */
export async function applyLayer(
  layer: Layer,
  tree: FileTree,
  blobs: BlobStore,
  countPacked: (bytes: number) => void,
  packedBytes: () => number,
): Promise<void> {
  const changes: Change[] = [];
  const hash = createHash('sha256');
  const stream = open(layer, countPacked, (chunk) => hash.update(chunk));
  await readTar(stream, async (header, entry) => {
    blobs.countEntry();
    const name = FileTree.parts(header.name).at(-1) ?? '';
    if (isFile(header) && !name.startsWith(whiteoutPrefix)) {
      changes.push({ header, content: await blobs.store(Readable.from(entry), packedBytes) });
    } else {
      changes.push({ header });
      entry.resume();
    }
  });
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== layer.diffId) {
    throw new BuildError('bad-archive', `A layer of the image has the digest ${digest}, not ${layer.diffId}`);
  }
  const whiteouts = changes.filter(({ header }) => isWhiteout(header));
  const count = (bytes: number) => blobs.countBytes(bytes, packedBytes);
  for (const { header } of whiteouts) applyWhiteout(tree, header.name);
  for (const change of changes) if (!isWhiteout(change.header)) applyChange(tree, change, count);
}

function open(layer: Layer, countPacked: (bytes: number) => void, onUnpacked: (chunk: Buffer) => void): Readable {
  const watch = (see: (chunk: Buffer) => void) =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        see(chunk);
        done(null, chunk);
      },
    });
  const stages = [
    watch((chunk) => countPacked(chunk.length)),
    ...(layer.compression === 'gzip' ? [createGunzip()] : []),
    ...(layer.compression === 'zstd' ? [createZstdDecompress()] : []),
    watch(onUnpacked),
  ];
  let stream: Readable = createReadStream(layer.path);
  for (const stage of stages) {
    const before = stream;
    before.once('error', (cause: Error) => stage.destroy(cause));
    stage.once('close', () => before.destroy());
    stream = before.pipe(stage);
  }
  return stream;
}

function isWhiteout({ name }: Header): boolean {
  return (FileTree.parts(name).at(-1) ?? '').startsWith(whiteoutPrefix);
}

/** A whiteout names directories as they are, never through links: it cannot reach into another place. */
function applyWhiteout(tree: FileTree, path: string): void {
  const parts = FileTree.parts(path);
  const name = parts.pop() ?? '';
  let directory: DirectoryNode = tree.root;
  for (const part of parts) {
    const child = directory.children.get(part);
    if (child?.type !== 'directory') return;
    directory = child;
  }
  if (name === opaqueName) directory.children.clear();
  else if (!name.startsWith(reservedPrefix)) directory.children.delete(name.slice(whiteoutPrefix.length));
}

function applyChange(tree: FileTree, { header, content }: Change, count: (bytes: number) => void): void {
  const { name } = header;
  const present = tree.lookup(name, { followLast: false });
  if (header.type === 'link') FileTree.parts(header.linkname ?? '');
  if (present && present !== tree.root && (present.type === 'directory') !== (header.type === 'directory')) {
    tree.remove(name);
  }
  if (content) tree.addFile(name, header.mode ?? 0o644, content);
  else addSpecial(tree, header, count);
}
