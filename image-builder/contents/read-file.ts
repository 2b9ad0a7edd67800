import { readFile } from 'node:fs/promises';
import type { FileNode } from './file-tree.ts';

/** All bytes of a file of the tree. */
export async function readContent(node: FileNode): Promise<Buffer> {
  return 'bytes' in node.content ? Buffer.from(node.content.bytes) : readFile(node.content.path);
}
