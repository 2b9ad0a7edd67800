import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { FileTree } from '../contents/file-tree.ts';
import { type FoundLibrary, findLibraries, isHostBinary, readProgram } from '../elf/library-search.ts';
import { BuildError } from '../error.ts';

const libraryFolder = '/usr/lib/x86_64-linux-gnu';

/** Libraries that glibc opens by name at run time: the unwinder of pthread_exit(3), and name resolution before 2.34. */
const openedByGlibc = ['libgcc_s.so.1', 'libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

/** Debian's merged /usr: /bin, /lib and the like are links into /usr. */
export function addMergedUsr(tree: FileTree): void {
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) {
    tree.makeDirectory(`/usr/${name}`);
    tree.addSymlink(`/${name}`, `usr/${name}`);
  }
}

function addHostFile(tree: FileTree, path: string, host: string): void {
  const real = realpathSync(host);
  const status = statSync(real);
  tree.addFile(path, status.mode | 0o444, { path: real, size: status.size, movable: false });
}

/** Adds libraries of the host under the names that programs ask for, and the loader at the path that they name. */
export function addHostLibraries(
  tree: FileTree,
  interpreter: string | undefined,
  libraries: readonly FoundLibrary[],
): void {
  for (const { name, path } of libraries) {
    const target = name.includes('/') ? name : `${libraryFolder}/${name}`;
    if (!tree.lookup(target)) addHostFile(tree, target, path);
  }
  if (libraries.some(({ name }) => name === 'libc.so.6')) {
    for (const name of openedByGlibc) {
      const host = `${libraryFolder}/${name}`;
      if (!tree.lookup(host) && existsSync(host)) addHostFile(tree, host, host);
    }
  }
  if (interpreter && !tree.lookup(interpreter)) {
    // The program chose the name: of any other file of this machine, such as credentials, it must get nothing.
    if (!isHostBinary(interpreter)) {
      throw new BuildError('not-found', `The program's loader ${interpreter} is no program of this machine`);
    }
    addHostFile(tree, interpreter, interpreter);
  }
}

/** Programs of the system stay where they are; anything else goes to /app, so that the image tells nothing of the host. */
function placeOf(host: string): string {
  return /^\/(usr|bin|sbin|opt)\//.test(host) ? host : `/app/${basename(host)}`;
}

/**
 * A tree with one program of the host and everything that its loader will look for.
 *
 * @returns the tree, and the program's path in it
 * @throws BuildError `not-found` or `not-runnable`; all missing libraries are in one message
 */
export function hostProgramTree(program: string): { tree: FileTree; path: string } {
  const host = resolve(program);
  const { elf } = readProgram(host);
  const { libraries, missing } = findLibraries(host, elf);
  if (missing.length > 0) {
    const list = missing.map(({ name, neededBy }) => `${name} (needed by ${basename(neededBy)})`).join(', ');
    throw new BuildError('not-found', `${program} needs shared libraries that are not on this machine: ${list}`);
  }
  const tree = new FileTree();
  addMergedUsr(tree);
  const path = placeOf(host);
  addHostFile(tree, path, host);
  const node = tree.lookup(path);
  if (node?.type === 'file') node.mode |= 0o555;
  addHostLibraries(tree, elf.interpreter, libraries);
  return { tree, path };
}
