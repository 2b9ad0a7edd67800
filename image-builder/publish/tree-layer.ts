import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import type { FileNode, FileTree } from '../contents/file-tree.ts';
import { byteCounter, filled } from './layer-stream.ts';
import type { WrittenLayer } from './layout.ts';

const epoch = new Date(0);
const owner = { mtime: epoch, uid: 0, gid: 0 };

async function addFile(tar: Pack, name: string, { mode, content }: FileNode): Promise<void> {
  if ('bytes' in content) {
    tar.entry({ name, mode, ...owner }, Buffer.from(content.bytes));
    return;
  }
  const entry = tar.entry({ name, mode, size: content.size, ...owner });
  await pipeline(createReadStream(content.path, { highWaterMark: 1 << 20 }), entry);
}

/**
 * Writes a part of a tree as a layer, gzipped, owned by root, with times of 0. The folders above its files are part of
 * it. The same files give the same bytes with the same zlib, which is that of the pinned Node.js.
 *
 * @param belongs whether the node at a path is part of this layer
 * @param compressionLevel of gzip, 1 to 9
 */
export async function writeTreeLayer(
  tree: FileTree,
  belongs: (path: string) => boolean,
  blobs: string,
  title: string,
  compressionLevel = 6,
): Promise<WrittenLayer> {
  const tar = pack();
  const [plain, packed] = [byteCounter(), byteCounter()];
  const temporary = join(blobs, 'layer');
  const written = pipeline(
    tar,
    plain.stream,
    createGzip({ level: compressionLevel }),
    packed.stream,
    createWriteStream(temporary, { flags: 'wx' }),
  );
  const fill = async () => {
    const directories = new Set(['/']);
    const addDirectory = (path: string): void => {
      if (directories.has(path)) return;
      addDirectory(dirname(path));
      directories.add(path);
      const node = tree.lookup(path, { followLast: false });
      const mode = node?.type === 'directory' ? node.mode : 0o755;
      tar.entry({ name: `${path.slice(1)}/`, type: 'directory', mode, ...owner });
    };
    for (const [path, node] of tree.walk()) {
      if (!belongs(path)) continue;
      addDirectory(node.type === 'directory' ? path : dirname(path));
      const name = path.slice(1);
      if (node.type === 'symlink') tar.entry({ name, type: 'symlink', linkname: node.target, mode: 0o777, ...owner });
      else if (node.type === 'file') await addFile(tar, name, node);
    }
    tar.finalize();
  };
  await filled(tar, written, fill);
  const { sha256, sizeBytes } = packed.end();
  await rename(temporary, join(blobs, sha256));
  return {
    descriptor: {
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: `sha256:${sha256}`,
      size: sizeBytes,
    },
    diffId: `sha256:${plain.end().sha256}`,
    title,
  };
}
