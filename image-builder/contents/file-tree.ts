import { BuildError } from '../error.ts';

/** Where a file's bytes are: in memory, in a file that stays, or in a file that the tree may move away. */
export type FileContent =
  | { readonly bytes: Uint8Array }
  | { readonly path: string; readonly size: number; readonly movable: boolean };

export interface DirectoryNode {
  readonly type: 'directory';
  mode: number;
  readonly children: Map<string, TreeNode>;
}
export interface FileNode {
  readonly type: 'file';
  mode: number;
  content: FileContent;
}
export interface SymlinkNode {
  readonly type: 'symlink';
  readonly target: string;
}
export type TreeNode = DirectoryNode | FileNode | SymlinkNode;

/** Linux follows at most 40 symbolic links in one path (path_resolution(7)). */
const linksMax = 40;
const nameBytesMax = 255;
const pathBytesMax = 4096;
/** An entry of an archive is counted, but its name alone can ask for two thousand folders. */
const depthMax = 256;
const impliedFoldersMax = 500_000;

function directory(mode = 0o755): DirectoryNode {
  return { type: 'directory', mode, children: new Map() };
}

/**
 * The files of an image while it is put together.
 *
 * Names are resolved in the tree itself, as a kernel would under chroot: nothing that an archive or a package
 * contains, links and `..` included, can name a file of the host.
 */
export class FileTree {
  readonly root: DirectoryNode = directory();
  #impliedFolders = 0;

  /**
   * @throws BuildError `bad-archive` for names with `..`, control bytes, or names too long
   */
  static parts(path: string): string[] {
    if (path.includes('\0') || Buffer.byteLength(path) > pathBytesMax) {
      throw new BuildError('bad-archive', `The name ${JSON.stringify(path.slice(0, 80))} is no valid path`);
    }
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.length > depthMax) {
      throw new BuildError('bad-archive', `The name ${JSON.stringify(path.slice(0, 80))} is too deep`);
    }
    for (const part of parts) {
      if (part === '..') throw new BuildError('bad-archive', `The name ${JSON.stringify(path)} leads out of the image`);
      if (Buffer.byteLength(part) > nameBytesMax) {
        throw new BuildError('bad-archive', `The name ${JSON.stringify(part.slice(0, 80))} is too long`);
      }
    }
    return parts;
  }

  /** The node at a path, following links (the last one too unless told otherwise), or undefined. */
  lookup(path: string, options: { followLast?: boolean } = {}): TreeNode | undefined {
    return this.#resolve(path, options.followLast ?? true)?.node;
  }

  /** The path of a node without any links in it, or undefined when nothing is there. */
  realPath(path: string): string | undefined {
    const found = this.#resolve(path, true);
    return found ? `/${found.names.join('/')}` : undefined;
  }

  #resolve(path: string, followLast: boolean): { node: TreeNode; names: string[] } | undefined {
    const trail: { name: string; node: DirectoryNode }[] = [];
    const pending = path.split('/').filter((part) => part !== '' && part !== '.');
    let links = 0;
    let node: TreeNode = this.root;
    let last = '';
    const names = () => [...trail.map((step) => step.name).filter((name) => name !== ''), last].filter((n) => n !== '');
    while (pending.length > 0) {
      const part = pending.shift() as string;
      if (node.type !== 'directory') return undefined;
      if (part === '..') {
        const parent = trail.pop();
        if (parent) {
          node = parent.node;
          last = parent.name;
        }
        continue;
      }
      const child: TreeNode | undefined = node.children.get(part);
      if (!child) return undefined;
      if (child.type === 'symlink' && (pending.length > 0 || followLast)) {
        if (++links > linksMax) return undefined;
        pending.unshift(...child.target.split('/').filter((step) => step !== '' && step !== '.'));
        if (child.target.startsWith('/')) {
          trail.length = 0;
          node = this.root;
          last = '';
        }
        continue;
      }
      trail.push({ name: last, node });
      node = child;
      last = part;
    }
    return { node, names: names() };
  }

  /** Makes a directory and those above it; one that is there already keeps its contents and takes the mode. */
  makeDirectory(path: string, mode = 0o755): DirectoryNode {
    const parts = FileTree.parts(path);
    const name = parts.pop();
    if (name === undefined) {
      this.root.mode = mode & 0o7777;
      return this.root;
    }
    const parent = this.#parent(parts);
    const present = this.lookup([...parts, name].join('/'));
    if (present?.type === 'directory') {
      present.mode = mode & 0o7777;
      return present;
    }
    const made = directory(mode & 0o7777);
    parent.children.set(name, made);
    return made;
  }

  /** Adds a file; what stood there before, if no directory, is replaced and never written through. */
  addFile(path: string, mode: number, content: FileContent): void {
    // Set-user-id and set-group-id mean nothing where one program is the whole system: dropped on purpose.
    this.#put(path, { type: 'file', mode: mode & 0o777, content });
  }

  addSymlink(path: string, target: string): void {
    if (target === '' || target.includes('\0') || Buffer.byteLength(target) > pathBytesMax) {
      throw new BuildError('bad-archive', `The link ${JSON.stringify(path)} has no valid target`);
    }
    this.#put(path, { type: 'symlink', target });
  }

  /**
   * A second name for a file of the tree.
   *
   * @returns the bytes of the file, which the image holds once more
   */
  addHardLink(path: string, target: string): number {
    const node = this.lookup(target, { followLast: false });
    if (!node || node.type === 'directory') {
      const sentence = `The hard link ${JSON.stringify(path)} names ${JSON.stringify(target)}, which is no file of the image`;
      throw new BuildError('bad-archive', sentence);
    }
    if (node.type === 'file' && 'path' in node.content && node.content.movable) {
      // Two names, one file on disk: from now on it is copied, not moved.
      node.content = { ...node.content, movable: false };
    }
    this.#put(path, node.type === 'file' ? { ...node } : node);
    if (node.type !== 'file') return 0;
    return 'bytes' in node.content ? node.content.bytes.length : node.content.size;
  }

  remove(path: string): void {
    const parts = FileTree.parts(path);
    const name = parts.pop();
    if (name === undefined) return;
    const parent = this.lookup(parts.join('/'));
    if (parent?.type === 'directory') parent.children.delete(name);
  }

  /** Every node below the root with its path, parents before children, names in byte order. */
  *walk(): Generator<[path: string, node: TreeNode]> {
    yield* walkFrom('', this.root);
  }

  #parent(parts: readonly string[]): DirectoryNode {
    let path = '';
    let node: DirectoryNode = this.root;
    for (const part of parts) {
      path += `/${part}`;
      const child = node.children.get(part);
      const found = child?.type === 'symlink' ? this.lookup(path) : child;
      if (found?.type === 'directory') {
        node = found;
      } else if (child) {
        throw new BuildError('bad-archive', `${JSON.stringify(path)} is not a directory, but names stand below it`);
      } else {
        if (++this.#impliedFolders > impliedFoldersMax) {
          throw new BuildError('bad-archive', `The archive asks for more than ${impliedFoldersMax} folders`);
        }
        const made = directory();
        node.children.set(part, made);
        node = made;
      }
    }
    return node;
  }

  #put(path: string, node: FileNode | SymlinkNode): void {
    const parts = FileTree.parts(path);
    const name = parts.pop();
    if (name === undefined) throw new BuildError('bad-archive', 'The root of an image must be a directory');
    const parent = this.#parent(parts);
    const present = parent.children.get(name);
    if (present?.type === 'directory' && present.children.size > 0) {
      throw new BuildError('bad-archive', `${JSON.stringify(path)} is both a directory and a file`);
    }
    parent.children.set(name, node);
  }
}

function* walkFrom(prefix: string, node: DirectoryNode): Generator<[string, TreeNode]> {
  const names = [...node.children.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    const child = node.children.get(name) as TreeNode;
    yield [`${prefix}/${name}`, child];
    if (child.type === 'directory') yield* walkFrom(`${prefix}/${name}`, child);
  }
}
