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

function configuredFolders(path: string, depth = 0): string[] {
  if (depth > 8) return [];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .flatMap((line) => {
      const include = /^include\s+(\S+)$/.exec(line)?.[1];
      if (!include) return line.startsWith('/') ? [line] : [];
      const folder = dirname(include);
      const pattern = new RegExp(`^${basename(include).replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      return listFolder(folder)
        .filter((name) => pattern.test(name))
        .flatMap((name) => configuredFolders(join(folder, name), depth + 1));
    });
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
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

function suits(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    return parseElf(readFileSync(path), path).machine === machineX86_64;
  } catch {
    return false;
  }
}

/**
 * Finds the shared libraries of a program as ld.so(8) would: DT_RPATH without DT_RUNPATH, DT_RUNPATH, the folders of
 * /etc/ld.so.conf, the standard folders. The program is read, never run, so nothing of it is trusted.
 *
 * @param extraFolders searched before everything else, as with LD_LIBRARY_PATH
 */
export function findLibraries(program: string, elf: ElfFile, extraFolders: readonly string[] = []): LibraryClosure {
  const system = [...new Set([...configuredFolders('/etc/ld.so.conf'), ...standardFolders])];
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
      const found = candidates.find(suits);
      if (!found) {
        missing.set(name, { name, neededBy: path });
        continue;
      }
      const real = realpathSync(found);
      libraries.set(name, { name, path: real });
      queue.push({ path: real, elf: parseElf(readFileSync(real), real), inherited: rpath });
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
