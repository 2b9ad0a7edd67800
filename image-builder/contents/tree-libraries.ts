import { readFileSync } from 'node:fs';
import { type ElfFile, isElf, parseElf } from '../elf/elf-file.ts';
import { findLibraries, type LibraryFiles } from '../elf/library-search.ts';
import { BuildError } from '../error.ts';
import type { FileNode, FileTree } from './file-tree.ts';

function bytesOf(node: FileNode): Buffer {
  return 'bytes' in node.content ? Buffer.from(node.content.bytes) : readFileSync(node.content.path);
}

/** The files of a tree, as the loader of a program in it would see them. */
function treeFiles(tree: FileTree): LibraryFiles {
  const known = new Map<FileNode, ElfFile | undefined>();
  const parse = (node: FileNode, path: string) => {
    const bytes = bytesOf(node);
    try {
      // Its code is a view of all the bytes, which would stay in memory for every file of the tree.
      return isElf(bytes) ? { ...parseElf(bytes, path), code: [] } : undefined;
    } catch (error) {
      if (error instanceof BuildError) return undefined;
      throw error;
    }
  };
  return {
    text(path) {
      const node = tree.lookup(path);
      return node?.type === 'file' ? bytesOf(node).toString() : undefined;
    },
    list(folder) {
      const node = tree.lookup(folder);
      return node?.type === 'directory' ? [...node.children.keys()].sort() : [];
    },
    elf(path) {
      const node = tree.lookup(path);
      if (node?.type !== 'file') return undefined;
      if (!known.has(node)) known.set(node, parse(node, path));
      return known.get(node);
    },
    realPath: (path) => tree.realPath(path) ?? path,
  };
}

/**
 * Libraries that the programs among some files need and that the tree does not hold, sorted by name. Files that are
 * libraries themselves count only as far as a program needs them: a plugin that nothing loads may lack what it likes.
 *
 * @param paths of ELF files in the tree
 */
export function missingLibraries(tree: FileTree, paths: readonly string[]): { name: string; neededBy: string }[] {
  const files = treeFiles(tree);
  const missing = new Map<string, { name: string; neededBy: string }>();
  for (const path of paths) {
    const elf = files.elf(path);
    if (!elf?.interpreter) continue;
    for (const lack of findLibraries(path, elf, [], files).missing) {
      if (!missing.has(lack.name)) missing.set(lack.name, lack);
    }
  }
  return [...missing.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
