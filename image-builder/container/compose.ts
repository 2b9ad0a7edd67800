import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from '@osv/contracts';
import { BlobStore } from '../contents/blob-store.ts';
import { fileDigest } from '../contents/tree-digest.ts';
import { BuildError } from '../error.ts';
import { beginLayout, endImageLayout, type WrittenLayer } from '../publish/layout.ts';
import { writeTreeLayer } from '../publish/tree-layer.ts';
import { PackageSet } from '../source/packages/packages.ts';
import { containerBill } from './bill.ts';
import { productionPackages } from './production-packages.ts';
import {
  addProgram,
  addSystem,
  cacheHome,
  debianCodename,
  kernelPlace,
  nodePath,
  programFolder,
  user,
} from './program-tree.ts';
import type { Recipe } from './recipes.ts';

export interface ComposeOptions {
  /** The checkout, with node_modules in it. */
  readonly root: string;
  readonly kernelPath: string;
  /** Folder of the private apt. */
  readonly aptDirectory: string;
  /** Of gzip, 1 to 9; 6 without it. */
  readonly compressionLevel?: number;
  readonly onProgress?: (message: string) => void;
}

export interface ComposedImage {
  readonly layoutPath: string;
  /** Of the image manifest. */
  readonly digest: string;
  readonly manifestBytes: number;
  /** What a node downloads. */
  readonly sizeBytes: number;
  readonly bill: Record<string, unknown>;
}

/** Layers from what changes least to what changes most, so that an update downloads little. */
const layers: readonly [title: string, belongs: (path: string) => boolean][] = [
  ['Debian packages', (path) => !isNode(path) && !isProgram(path)],
  ['Node.js', isNode],
  ['npm packages', (path) => path.startsWith(`${programFolder}/node_modules`)],
  ['OS^v', (path) => isProgram(path) && !path.startsWith(`${programFolder}/node_modules`)],
];

function isNode(path: string): boolean {
  return path === nodePath;
}

function isProgram(path: string): boolean {
  return path === programFolder || path.startsWith(`${programFolder}/`) || path === kernelPlace;
}

/**
 * Composes a container image of ours as an OCI layout, and writes its bill of materials beside it (`NAME.cdx.json`).
 * No container engine takes part. The same checkout, packages and kernel give the same digest.
 *
 * @param directory gets `NAME/` and `NAME.cdx.json`; what stands there is replaced
 * @throws BuildError
 */
export async function composeImage(recipe: Recipe, directory: string, options: ComposeOptions): Promise<ComposedImage> {
  const { root, kernelPath, aptDirectory, onProgress } = options;
  const npm = productionPackages(root, recipe.workspace);
  const set = await PackageSet.resolve(recipe.packages, aptDirectory, { onProgress });
  const workspace = await mkdtemp(join(tmpdir(), 'osv-compose-'));
  try {
    const tree = await set.unpack(await BlobStore.create(join(workspace, 'blobs')));
    await addSystem(tree, await debianCodename());
    await addProgram(tree, root, npm, kernelPath);
    if (!tree.lookup(entryOf(recipe))) throw new BuildError('not-found', `${recipe.workspace}/main.ts does not exist`);
    onProgress?.('packing layers');
    const layoutPath = join(directory, recipe.name);
    await rm(layoutPath, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    const blobs = await beginLayout(layoutPath);
    const written: WrittenLayer[] = [];
    for (const [title, belongs] of layers) {
      written.push(await writeTreeLayer(tree, belongs, blobs, title, options.compressionLevel));
    }
    const config = configurationOf(recipe);
    const descriptor = await endImageLayout(layoutPath, blobs, written, { architecture: 'amd64', config });
    const bill = containerBill(
      set.packages,
      npm.packages,
      { version: await versionOfNode(root), sha256: await fileDigest(join(root, 'node_modules/node/bin/node')) },
      { version, sha256: await fileDigest(kernelPath) },
    );
    await writeFile(join(directory, `${recipe.name}.cdx.json`), `${JSON.stringify(bill, null, 2)}\n`);
    return {
      layoutPath,
      digest: descriptor.digest,
      manifestBytes: descriptor.size,
      sizeBytes: written.reduce((sum, layer) => sum + layer.descriptor.size, 0),
      bill,
    };
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

function entryOf({ workspace }: Recipe): string {
  return `${programFolder}/${workspace}/main.ts`;
}

/** Of the Node.js that goes into the image, which need not be the one that runs this. */
async function versionOfNode(root: string): Promise<string> {
  const text = await readFile(join(root, 'node_modules/node/package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function configurationOf(recipe: Recipe): object {
  const { name, description } = recipe;
  return {
    User: `${user}:${user}`,
    Entrypoint: [nodePath, ...recipe.nodeFlags, entryOf(recipe)],
    Env: [
      'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      `HOME=${cacheHome}`,
      `XDG_CACHE_HOME=${cacheHome}`,
      `OSV_KERNEL=${kernelPlace}`,
      'NODE_ENV=production',
    ],
    WorkingDir: '/',
    Labels: {
      'org.opencontainers.image.title': name,
      'org.opencontainers.image.description': description,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  };
}
