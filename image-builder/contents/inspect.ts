import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { MissingLibrary } from '@osv/contracts';
import { isCLibrary, startupSystemCalls, systemCallsOf } from '../check/system-calls.ts';
import { parseElf } from '../elf/elf-file.ts';
import { BuildError } from '../error.ts';
import type { ListedFile } from './bill-of-materials.ts';
import type { FileTree } from './file-tree.ts';
import { readElf } from './read-file.ts';
import { missingLibraries } from './tree-libraries.ts';

/** What an image's binaries say about it. */
export interface Inspection {
  /** Names of system calls that they can make; sorted. */
  readonly systemCalls: readonly string[];
  /** Every ELF file. */
  readonly binaries: readonly ListedFile[];
  /** Libraries that programs need and the tree does not hold. */
  readonly missingLibraries: readonly MissingLibrary[];
}

/** Reads every ELF file of a tree. Damaged ones are listed and otherwise passed over: an image may hold test data. */
export async function inspect(tree: FileTree): Promise<Inspection> {
  const systemCalls = new Set<string>();
  const binaries: ListedFile[] = [];
  for (const [path, node] of tree.walk()) {
    if (node.type !== 'file' || ('path' in node.content && node.content.size < 64)) continue;
    if ((node.mode & 0o111) === 0 && !/\.so(\.|$)/.test(path)) continue;
    const bytes = await readElf(node);
    if (!bytes) continue;
    binaries.push({ path, sha256: createHash('sha256').update(bytes).digest('hex') });
    if (isCLibrary(basename(path))) continue;
    try {
      const elf = parseElf(bytes, path);
      for (const name of systemCallsOf(elf)) systemCalls.add(name);
      if (elf.interpreter) for (const name of startupSystemCalls) systemCalls.add(name);
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
    }
  }
  const paths = binaries.map(({ path }) => path);
  return { systemCalls: [...systemCalls].sort(), binaries, missingLibraries: missingLibraries(tree, paths) };
}
