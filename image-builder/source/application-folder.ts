import { basename } from 'node:path';
import { type FileContent, FileTree } from '../contents/file-tree.ts';
import { readElf } from '../contents/read-file.ts';
import { type ElfFile, machineX86_64, parseElf } from '../elf/elf-file.ts';
import { findLibraries } from '../elf/library-search.ts';
import { BuildError } from '../error.ts';
import { addHostLibraries, addMergedUsr } from './host-program.ts';

/** Where an application that is no whole file system is put; also its working directory. */
export const applicationFolder = '/app';

const rootNames = ['bin', 'etc', 'lib', 'lib64', 'sbin', 'usr'];

/** Whether a tree is a whole root file system, not only an application's own files. */
export function isRootFileSystem(tree: FileTree): boolean {
  return rootNames.some((name) => tree.lookup(name)?.type === 'directory');
}

/** A tree with the given tree at /app. */
export function asApplication(tree: FileTree): FileTree {
  const whole = new FileTree();
  addMergedUsr(whole);
  const folder = whole.makeDirectory(applicationFolder);
  for (const [name, node] of tree.root.children) folder.children.set(name, node);
  return whole;
}

function hostPath(content: FileContent): string | undefined {
  return 'path' in content ? content.path : undefined;
}

/** Applications bring binaries for other machines along, and damaged ones as test data: those need nothing. */
function parsed(bytes: Buffer | undefined, path: string): ElfFile | undefined {
  try {
    return bytes && parseElf(bytes, path);
  } catch (error) {
    if (error instanceof BuildError) return undefined;
    throw error;
  }
}

/**
 * Adds the shared libraries and the loader that the application's programs need and do not bring along.
 *
 * @returns what is missing on the host too: library and the file that needs it
 */
export async function completeApplication(tree: FileTree): Promise<{ name: string; neededBy: string }[]> {
  const brought = new Set([...tree.walk()].map(([path]) => basename(path)));
  const missing: { name: string; neededBy: string }[] = [];
  for (const [path, node] of [...tree.walk()]) {
    if (!path.startsWith(`${applicationFolder}/`) || node.type !== 'file') continue;
    const host = hostPath(node.content);
    const elf = host === undefined ? undefined : parsed(await readElf(node), path);
    if (host === undefined || elf?.machine !== machineX86_64) continue;
    const closure = findLibraries(host, elf);
    addHostLibraries(
      tree,
      elf.interpreter,
      closure.libraries.filter(({ name }) => !brought.has(basename(name))),
    );
    for (const lack of closure.missing) {
      if (!brought.has(basename(lack.name))) missing.push({ name: lack.name, neededBy: path });
    }
  }
  return missing;
}
