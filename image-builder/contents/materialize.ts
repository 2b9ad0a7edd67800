import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import type { FileNode, FileTree } from './file-tree.ts';

async function writeContent(node: FileNode, path: string): Promise<void> {
  if ('bytes' in node.content) await writeFile(path, node.content.bytes, { flag: 'wx' });
  else if (node.content.movable) await rename(node.content.path, path);
  else await copyFile(node.content.path, path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
}

/**
 * Writes a tree into a directory that must not exist. Every file is readable and every directory searchable to its
 * owner, so that the result is the same whoever builds.
 */
export async function materialize(tree: FileTree, root: string): Promise<void> {
  const modes: [path: string, mode: number][] = [[root, tree.root.mode]];
  await mkdir(root);
  for (const [path, node] of tree.walk()) {
    const target = root + path;
    if (node.type === 'directory') {
      await mkdir(target);
      modes.push([target, node.mode | 0o700]);
    } else if (node.type === 'symlink') {
      await symlink(node.target, target);
    } else {
      await writeContent(node, target);
      await chmod(target, node.mode | 0o400);
    }
  }
  // Children first: a directory may become read-only only once it is full.
  for (const [path, mode] of modes.reverse()) await chmod(path, mode);
}
