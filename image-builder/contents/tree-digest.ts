import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { FileContent, FileTree } from './file-tree.ts';

/** sha256 of a file on disk, in hexadecimal. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

async function contentDigest(content: FileContent): Promise<string> {
  return 'bytes' in content ? createHash('sha256').update(content.bytes).digest('hex') : fileDigest(content.path);
}

/** sha256 over every name, mode, link and byte of a tree, in hexadecimal. */
export async function treeDigest(tree: FileTree): Promise<string> {
  const hash = createHash('sha256');
  for (const [path, node] of tree.walk()) {
    const detail =
      node.type === 'file'
        ? [node.mode, await contentDigest(node.content)]
        : node.type === 'directory'
          ? [node.mode]
          : [node.target];
    hash.update(`${JSON.stringify([path, node.type, ...detail])}\n`);
  }
  return hash.digest('hex');
}
