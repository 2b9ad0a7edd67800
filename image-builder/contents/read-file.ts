import { open, readFile } from 'node:fs/promises';
import { isElf } from '../elf/elf-file.ts';
import type { FileNode } from './file-tree.ts';

/** All bytes of a file of the tree. */
export async function readContent(node: FileNode): Promise<Buffer> {
  return 'bytes' in node.content ? Buffer.from(node.content.bytes) : readFile(node.content.path);
}

/** All bytes of a file of the tree that is an ELF file; of any other, only the first few are read. */
export async function readElf(node: FileNode): Promise<Buffer | undefined> {
  if ('path' in node.content) {
    const file = await open(node.content.path);
    try {
      const head = Buffer.alloc(4);
      await file.read(head, 0, head.length, 0);
      if (!isElf(head)) return undefined;
    } finally {
      await file.close();
    }
  }
  const bytes = await readContent(node);
  return isElf(bytes) ? bytes : undefined;
}
