import { createHash } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageManifest, version } from '@osv/contracts';
import { builderVersion } from './builder-version.ts';
import { type BuiltImage, fileNames, ImageCache } from './cache/image-cache.ts';
import { billOfMaterials } from './contents/bill-of-materials.ts';
import { inspect } from './contents/inspect.ts';
import { installedPackages } from './contents/installed-packages.ts';
import { addLoaderConfiguration, usesGlibc, writeLoaderCache } from './contents/loader-cache.ts';
import { materialize } from './contents/materialize.ts';
import { fileDigest } from './contents/tree-digest.ts';
import { BuildError } from './error.ts';
import { makeErofs } from './filesystem/erofs.ts';
import { type ImageLabel, imageLabelName } from './publish/image-label.ts';
import { writeOciLayout } from './publish/oci-layout.ts';
import type { RegistryAccess } from './registry/skopeo.ts';
import { type Contents, openSource, type Source } from './source/source.ts';

export interface BuildOptions {
  /** The kernel's ELF file. */
  readonly kernelPath: string;
  /** Where images, packages and unfinished work are kept; see defaultCacheDirectory. */
  readonly cacheDirectory: string;
  /** Hears one short line about each step that takes time. */
  readonly onProgress?: (message: string) => void;
  /** How registries are reached, for sources that are images. */
  readonly registry?: RegistryAccess;
  readonly signal?: AbortSignal;
}

interface Kernel {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

async function readKernel(path: string): Promise<Kernel> {
  const status = await stat(path).catch((cause: Error) => {
    throw new BuildError('not-found', `The kernel ${path} does not exist; npm run build:kernel makes it`, { cause });
  });
  return { path, sha256: await fileDigest(path), sizeBytes: status.size };
}

/** Puts the finished image of some contents into a folder. */
async function assemble(contents: Contents, kernel: Kernel, workspace: string, options: BuildOptions): Promise<string> {
  const { tree, packages, entryPoint } = contents;
  const glibc = usesGlibc(tree);
  if (glibc) addLoaderConfiguration(tree);
  const { systemCalls, binaries, missingLibraries } = await inspect(tree);
  const ours = packages.length > 0;
  const [files, installed] = ours ? [[], []] : [binaries, await installedPackages(tree)];
  const root = join(workspace, 'root');
  await materialize(tree, root);
  if (glibc) await writeLoaderCache(tree, root, options.signal);
  const image = join(workspace, 'image');
  await mkdir(image);
  const rootImagePath = join(image, fileNames.root);
  await makeErofs(root, rootImagePath, options.signal);
  await rm(root, { recursive: true, force: true });
  const label: ImageLabel = {
    version: 1,
    architecture: 'amd64',
    builder: { version: builderVersion() },
    kernel: { version, digest: `sha256:${kernel.sha256}`, sizeBytes: kernel.sizeBytes },
    root: { digest: `sha256:${await fileDigest(rootImagePath)}`, sizeBytes: (await stat(rootImagePath)).size },
    entryPoint,
    systemCalls: [...systemCalls],
    missingLibraries: [...missingLibraries],
  };
  const digest = await writeOciLayout(
    {
      kernelPath: kernel.path,
      rootImagePath,
      architecture: 'amd64',
      entryPoint,
      labels: { 'dev.osvapp.kernel.version': version, [imageLabelName]: JSON.stringify(label) },
    },
    join(image, fileNames.oci),
  );
  const manifest: ImageManifest = {
    ...label,
    digest,
    sbom: billOfMaterials(packages, files, { version, sha256: kernel.sha256 }, installed),
  };
  await writeFile(join(image, fileNames.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  return image;
}

/**
 * Builds the image of a source, or takes it from the cache: equal sources, kernels and builders share one image, and
 * its bytes are the same wherever it is built.
 *
 * @throws BuildError
 */
export async function buildImage(source: Source, options: BuildOptions): Promise<BuiltImage> {
  const { onProgress, signal } = options;
  const cache = await ImageCache.open(options.cacheDirectory);
  const kernel = await readKernel(options.kernelPath);
  const workspace = await cache.workspace();
  try {
    const { aptDirectory } = cache;
    const opened = await openSource(source, {
      aptDirectory,
      workspace,
      registry: options.registry,
      onProgress,
      signal,
    });
    const key = createHash('sha256')
      .update(JSON.stringify([builderVersion(), kernel.sha256, opened.identity]))
      .digest('hex');
    const present = await cache.get(key);
    if (present) return present;
    const contents = await opened.load();
    signal?.throwIfAborted();
    onProgress?.('packing the root file system');
    const image = await assemble(contents, kernel, workspace, options);
    if (opened.currentIdentity && (await opened.currentIdentity()) !== opened.identity) {
      throw new BuildError('bad-source', 'The source changed while its image was made; build it again');
    }
    return await cache.put(key, image);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}
