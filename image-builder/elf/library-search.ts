import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BuildError } from '../error.ts';
import { type ElfFile, machineName, machineX86_64, parseElf } from './elf-file.ts';

/** Folders that the loader of Debian's glibc searches after its cache (ld.so(8)). */
const standardFolders = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
  '/usr/local/lib',
];

/** Where libraries are looked for: this machine, or the tree of an image. */
export interface LibraryFiles {
  /** The whole text of a file, or undefined. */
  text(path: string): string | undefined;
  /** Names in a folder, sorted; none when there is no such folder. */
  list(folder: string): string[];
  /** An ELF file, or undefined for what is none or is not there. */
  elf(path: string): ElfFile | undefined;
  /** The path without links; only asked about files that are there. */
  realPath(path: string): string;
}

const hostFiles: LibraryFiles = {
  text(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  list(folder) {
    try {
      return readdirSync(folder).sort();
    } catch {
      return [];
    }
  },
  elf(path) {
    try {
      return statSync(path).isFile() ? parseElf(readFileSync(path), path) : undefined;
    } catch {
      return undefined;
    }
  },
  realPath: (path) => realpathSync(path),
};

/** Whether a file of this machine is an x86-64 program or library. */
export function isHostBinary(path: string): boolean {
  return hostFiles.elf(path)?.machine === machineX86_64;
}

function configuredFolders(files: LibraryFiles, path: string, depth = 0): string[] {
  if (depth > 8) return [];
  return (files.text(path) ?? '')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .flatMap((line) => {
      const include = /^include\s+(\S+)$/.exec(line)?.[1];
      if (!include) return line.startsWith('/') ? [line] : [];
      const folder = dirname(include);
      const pattern = new RegExp(`^${basename(include).replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      return files
        .list(folder)
        .filter((name) => pattern.test(name))
        .flatMap((name) => configuredFolders(files, join(folder, name), depth + 1));
    });
}

/** A shared library that a program needs and where it was found. */
export interface FoundLibrary {
  /** The name under which it is looked for: DT_NEEDED. */
  readonly name: string;
  /** Its real path on this machine. */
  readonly path: string;
}

export interface LibraryClosure {
  readonly libraries: readonly FoundLibrary[];
  /** Every library that is nowhere, and who needs it. */
  readonly missing: readonly { readonly name: string; readonly neededBy: string }[];
}

/**
 * Finds the shared libraries of a program as ld.so(8) would: DT_RPATH without DT_RUNPATH, DT_RUNPATH, the folders of
 * /etc/ld.so.conf, the standard folders. The program is read, never run, so nothing of it is trusted.
 *
 * @param extraFolders searched before everything else, as with LD_LIBRARY_PATH
 * @param files where they are looked for; this machine unless told otherwise
 */
export function findLibraries(
  program: string,
  elf: ElfFile,
  extraFolders: readonly string[] = [],
  files: LibraryFiles = hostFiles,
): LibraryClosure {
  const system = [...new Set([...configuredFolders(files, '/etc/ld.so.conf'), ...standardFolders])];
  const libraries = new Map<string, FoundLibrary>();
  const missing = new Map<string, { name: string; neededBy: string }>();
  const queue: { path: string; elf: ElfFile; inherited: string[] }[] = [{ path: program, elf, inherited: [] }];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { path, elf: object, inherited } = next;
    const expand = (folder: string) => folder.replace(/\$(ORIGIN|\{ORIGIN\})/g, dirname(path));
    // DT_RPATH holds for the libraries of libraries too, DT_RUNPATH does not, and turns DT_RPATH off.
    const rpath = object.runpath.length > 0 ? [] : [...object.rpath.map(expand), ...inherited];
    const folders = [...rpath, ...extraFolders, ...object.runpath.map(expand), ...system];
    for (const name of object.needed) {
      if (libraries.has(name) || missing.has(name)) continue;
      const candidates = name.includes('/') ? [name] : folders.map((folder) => join(folder, name));
      const found = candidates.find((path) => files.elf(path)?.machine === machineX86_64);
      const library = found === undefined ? undefined : files.elf(found);
      if (found === undefined || !library) {
        missing.set(name, { name, neededBy: path });
        continue;
      }
      const real = files.realPath(found);
      libraries.set(name, { name, path: real });
      queue.push({ path: real, elf: library, inherited: rpath });
    }
  }
  return { libraries: [...libraries.values()], missing: [...missing.values()] };
}

/**
 * Reads a program that is to run on OS^v.
 *
 * @throws BuildError `not-found`, or `not-runnable` with what it is instead
 */
export function readProgram(path: string): { bytes: Buffer; elf: ElfFile } {
  let bytes: Buffer;
  try {
    if (statSync(path).isDirectory()) throw new BuildError('not-runnable', `${path} is a folder, not a program`);
    bytes = readFileSync(path);
  } catch (cause) {
    if (cause instanceof BuildError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new BuildError('not-found', `${path} does not exist`, { cause });
    throw new BuildError('not-runnable', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (bytes.length === 0) throw new BuildError('not-runnable', `${path} is empty`);
  const script = /^#!\s*(\S+)/.exec(bytes.toString('latin1', 0, 256))?.[1];
  if (script) {
    const sentence = `${path} is a script for ${script}; put it in a folder with its interpreter and run that folder`;
    throw new BuildError('not-runnable', sentence);
  }
  const elf = parseElf(bytes, path);
  if (elf.machine !== machineX86_64) {
    throw new BuildError('not-runnable', `${path} is a program for ${machineName(elf.machine)}; OS^v runs x86-64`);
  }
  if (elf.type === 'other') throw new BuildError('not-runnable', `${path} is an object file or core dump, no program`);
  return { bytes, elf };
}
