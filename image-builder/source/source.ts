import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { EntryPoint } from '@osv/contracts';
import { BlobStore } from '../contents/blob-store.ts';
import { FileTree } from '../contents/file-tree.ts';
import { addServiceAccounts } from '../contents/services.ts';
import { addStandardFiles } from '../contents/standard-files.ts';
import { fileDigest, treeDigest } from '../contents/tree-digest.ts';
import { trimPackages } from '../contents/trim.ts';
import { BuildError } from '../error.ts';
import type { RegistryAccess } from '../registry/skopeo.ts';
import { applicationFolder, asApplication, completeApplication, isRootFileSystem } from './application-folder.ts';
import { unpackArchive } from './archive/archive.ts';
import { download } from './archive/download.ts';
import { addDirectory } from './directory.ts';
import { hostProgramTree } from './host-program.ts';
import { openImage } from './image/open-image.ts';
import type { DebianPackage } from './packages/apt.ts';
import { PackageSet } from './packages/packages.ts';

/** Where an application comes from. */
export type Source =
  | { readonly kind: 'packages'; readonly names: readonly string[] }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'archive'; readonly path: string; readonly sha256?: string }
  | { readonly kind: 'remoteArchive'; readonly url: string; readonly sha256?: string }
  | { readonly kind: 'image'; readonly reference: string }
  | { readonly kind: 'hostProgram'; readonly path: string };

export interface SourceContext {
  /** Folder of the private apt. */
  readonly aptDirectory: string;
  /** An empty folder for files on their way into the image. */
  readonly workspace: string;
  /** How registries are reached. */
  readonly registry?: RegistryAccess | undefined;
  readonly onProgress?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Contents {
  readonly tree: FileTree;
  readonly packages: readonly DebianPackage[];
  readonly entryPoint: EntryPoint;
}

/** A source that has been looked at: what it is, exactly, and how its files are had. */
export interface OpenedSource {
  /** The same for the same files; part of the key under which an image is kept. */
  readonly identity: string;
  load(): Promise<Contents>;
  /** What the identity is now, for sources that somebody may write to meanwhile. */
  currentIdentity?(): Promise<string>;
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function entryPoint(command: readonly string[], workingDirectory = '/'): EntryPoint {
  return {
    command: [...command],
    environment: [`PATH=${path}`, 'HOME=/root'],
    workingDirectory,
    user: { uid: 0, gid: 0 },
  };
}

/** The program that a package is named after, if it has one: memcached, or nginx of nginx-light. */
function programOf(tree: FileTree, names: readonly string[]): string[] {
  for (const name of names.flatMap((whole) => [whole, whole.replace(/-[^-]+$/, '')])) {
    for (const folder of ['/usr/bin', '/usr/sbin', '/usr/games']) {
      const node = tree.lookup(`${folder}/${name}`);
      if (node?.type === 'file' && (node.mode & 0o111) !== 0) return [`${folder}/${name}`];
    }
  }
  return [];
}

async function openPackages(names: readonly string[], context: SourceContext): Promise<OpenedSource> {
  const set = await PackageSet.resolve(names, context.aptDirectory, context);
  const exact = set.packages.map((debianPackage) => [debianPackage.name, debianPackage.sha256]);
  return {
    identity: JSON.stringify(['packages', names, exact]),
    async load() {
      const tree = await set.unpack(await BlobStore.create(join(context.workspace, 'blobs')));
      trimPackages(tree);
      addStandardFiles(tree);
      await addServiceAccounts(tree);
      return { tree, packages: set.packages, entryPoint: entryPoint(programOf(tree, names)) };
    },
  };
}

/** A tree that people put together: a whole root file system as it is, anything else at /app. */
async function ownTree(tree: FileTree): Promise<Contents> {
  if (isRootFileSystem(tree)) {
    addStandardFiles(tree);
    return { tree, packages: [], entryPoint: entryPoint([]) };
  }
  const whole = asApplication(tree);
  const missing = await completeApplication(whole);
  if (missing.length > 0) {
    const list = missing.map(({ name, neededBy }) => `${name} (needed by ${neededBy})`).join(', ');
    throw new BuildError('not-found', `Shared libraries are neither in the source nor on this machine: ${list}`);
  }
  addStandardFiles(whole);
  return { tree: whole, packages: [], entryPoint: entryPoint([], applicationFolder) };
}

async function openDirectory(directory: string): Promise<OpenedSource> {
  const read = async () => {
    const tree = new FileTree();
    await addDirectory(tree, resolve(directory));
    const contents = await ownTree(tree);
    return { contents, identity: JSON.stringify(['tree', await treeDigest(contents.tree)]) };
  };
  const { contents, identity } = await read();
  return { identity, load: async () => contents, currentIdentity: async () => (await read()).identity };
}

async function openArchive(
  archive: string,
  expected: string | undefined,
  { workspace }: SourceContext,
): Promise<OpenedSource> {
  const sha256 = await fileDigest(archive).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new BuildError('not-found', `${archive} does not exist`, { cause });
    throw new BuildError('bad-source', `${archive} cannot be read: ${cause.message}`, { cause });
  });
  if (expected !== undefined && expected !== sha256) {
    throw new BuildError('bad-archive', `${archive} has the digest ${sha256}, not ${expected}`);
  }
  return {
    identity: JSON.stringify(['archive', sha256]),
    load: () => unpackedArchive(archive, workspace),
    currentIdentity: async () => JSON.stringify(['archive', await fileDigest(archive)]),
  };
}

async function unpackedArchive(archive: string, workspace: string): Promise<Contents> {
  const tree = new FileTree();
  await unpackArchive(archive, tree, await BlobStore.create(join(workspace, 'blobs')));
  return ownTree(tree);
}

/** An archive of a known digest is fetched only when its image is not there yet. */
async function openRemoteArchive(
  url: string,
  expected: string | undefined,
  context: SourceContext,
): Promise<OpenedSource> {
  const { workspace, signal, onProgress } = context;
  const path = join(workspace, 'archive');
  const fetchArchive = async () => {
    onProgress?.('downloading the archive');
    return download(url, path, { signal });
  };
  const sha256 = expected ?? (await fetchArchive());
  return {
    identity: JSON.stringify(['archive', sha256]),
    async load() {
      const found = expected === undefined ? sha256 : await fetchArchive();
      if (found !== sha256) throw new BuildError('bad-archive', `${url} has the digest ${found}, not ${sha256}`);
      return unpackedArchive(path, workspace);
    },
  };
}

async function openHostProgram(program: string): Promise<OpenedSource> {
  const read = async () => {
    const { tree, path: command } = hostProgramTree(program);
    addStandardFiles(tree);
    const digest = createHash('sha256')
      .update(await treeDigest(tree))
      .digest('hex');
    const contents = { tree, packages: [], entryPoint: entryPoint([command]) };
    return { contents, identity: JSON.stringify(['program', command, digest]) };
  };
  const { contents, identity } = await read();
  return { identity, load: async () => contents, currentIdentity: async () => (await read()).identity };
}

/**
 * Looks at a source: finds exact package versions, reads digests.
 *
 * @throws BuildError
 */
export async function openSource(source: Source, context: SourceContext): Promise<OpenedSource> {
  switch (source.kind) {
    case 'packages':
      return openPackages(source.names, context);
    case 'directory':
      return openDirectory(source.path);
    case 'archive':
      return openArchive(source.path, source.sha256, context);
    case 'remoteArchive':
      return openRemoteArchive(source.url, source.sha256, context);
    case 'image':
      return openImage(source.reference, context);
    case 'hostProgram':
      return openHostProgram(source.path);
  }
}
