import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../run-tool.ts';
import type { FileTree } from './file-tree.ts';

/** Adds the configuration that ldconfig(8) reads, where a source has a glibc without one. */
export function addLoaderConfiguration(tree: FileTree): void {
  if (!tree.lookup('/etc/ld.so.conf')) {
    tree.addFile('/etc/ld.so.conf', 0o644, { bytes: Buffer.from('include /etc/ld.so.conf.d/*.conf\n') });
  }
  const path = '/etc/ld.so.conf.d/x86_64-linux-gnu.conf';
  if (tree.lookup('/usr/lib/x86_64-linux-gnu') && !tree.lookup(path)) {
    const folders = '/usr/local/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu\n';
    tree.addFile(path, 0o644, { bytes: Buffer.from(folders) });
  }
}

/** Whether a tree's programs are started by glibc's loader, the one that reads /etc/ld.so.cache. */
export function usesGlibc(tree: FileTree): boolean {
  return tree.lookup('/lib64/ld-linux-x86-64.so.2')?.type === 'file';
}

/** Writes /etc/ld.so.cache in a root directory, which needs no rights there but the owner's. */
export async function writeLoaderCache(tree: FileTree, root: string, signal?: AbortSignal): Promise<void> {
  const ldconfig = existsSync('/sbin/ldconfig') ? '/sbin/ldconfig' : 'ldconfig';
  await runTool(ldconfig, ['-X', '-r', root], { package: 'libc-bin', ...(signal && { signal }) });
  // It remembers inode numbers and times, which differ from build to build.
  // Its folder is looked up in the tree, as ldconfig does: a link of the image may lead anywhere on this machine.
  const cache = tree.realPath('/var/cache');
  if (cache !== undefined) await rm(join(root, cache, 'ldconfig'), { recursive: true, force: true });
}
