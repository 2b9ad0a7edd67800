import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileTree } from '../contents/file-tree.ts';
import { BuildError } from '../error.ts';

async function addFolder(tree: FileTree, host: string, path: string): Promise<void> {
  for (const name of (await readdir(host)).sort()) {
    const hostPath = join(host, name);
    const target = `${path}/${name}`;
    const status = await lstat(hostPath);
    if (status.isDirectory()) {
      tree.makeDirectory(target, status.mode);
      await addFolder(tree, hostPath, target);
    } else if (status.isSymbolicLink()) {
      tree.addSymlink(target, await readlink(hostPath));
    } else if (status.isFile()) {
      tree.addFile(target, status.mode, { path: hostPath, size: status.size, movable: false });
    }
    // Sockets, pipes and devices have no contents that an image could hold.
  }
}

/**
 * Adds a folder of the host to a tree.
 *
 * @throws BuildError `not-found` or `bad-source`
 */
export async function addDirectory(tree: FileTree, path: string): Promise<void> {
  const status = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOTDIR') throw new BuildError('bad-source', `${path} is not a folder`, { cause });
    throw new BuildError('not-found', `${path} does not exist`, { cause });
  });
  if (!status.isDirectory()) throw new BuildError('bad-source', `${path} is not a folder`);
  try {
    await addFolder(tree, path, '');
  } catch (cause) {
    if (cause instanceof BuildError) throw cause;
    throw new BuildError('bad-source', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
