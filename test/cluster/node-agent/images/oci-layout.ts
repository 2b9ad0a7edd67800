import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { NodeAgentError } from '../error.ts';
import { runTool } from '../run-tool.ts';

interface Descriptor {
  mediaType: string;
  digest: string;
}

/** What an image says about how it is run (OCI image-spec, "Image Configuration"). */
export interface ImageConfiguration {
  User?: string;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
}

export interface LayoutImage {
  layerPaths: string[];
  configuration: ImageConfiguration;
}

/** Where a blob lies in an OCI image layout. */
function blobPath(layout: string, digest: string): string {
  return join(layout, 'blobs', digest.replace(':', '/'));
}

/**
 * Checks that the layout holds the image with this digest, and that each blob is what its name says.
 *
 * @throws NodeAgentError image-invalid
 */
export async function verifyLayout(layout: string, digest: string): Promise<void> {
  const { manifests }: { manifests: Descriptor[] } = await readJson(join(layout, 'index.json'));
  if (manifests.length !== 1 || manifests[0]?.digest !== digest) {
    throw new NodeAgentError('image-invalid', `The registry gave ${manifests[0]?.digest ?? 'nothing'} for ${digest}.`);
  }
  const { config, layers }: { config: Descriptor; layers: Descriptor[] } = await readJson(blobPath(layout, digest));
  for (const blob of [digest, config.digest, ...layers.map((layer) => layer.digest)]) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(blobPath(layout, blob)), hash);
    const actual = `sha256:${hash.digest('hex')}`;
    if (actual !== blob) throw new NodeAgentError('image-invalid', `A blob of ${digest} is ${actual}, not ${blob}.`);
  }
}

/** Reads a layout with one image. */
export async function readLayout(layout: string): Promise<LayoutImage> {
  const { manifests }: { manifests: Descriptor[] } = await readJson(join(layout, 'index.json'));
  const manifest: { config: Descriptor; layers: Descriptor[] } = await readJson(
    blobPath(layout, manifests[0]?.digest ?? ''),
  );
  const { config = {} }: { config?: ImageConfiguration } = await readJson(blobPath(layout, manifest.config.digest));
  return { layerPaths: manifest.layers.map(({ digest }) => blobPath(layout, digest)), configuration: config };
}

/** A file of this name prefix hides the file of the rest of its name in the layers below (image-spec, "Whiteouts"). */
const whiteoutPrefix = '.wh.';
const opaqueWhiteout = '.wh..wh..opq';

/**
 * Unpacks layers one over the other. Devices are left out, and nobody's rights to files are taken over: what reads them
 * runs as the agent's user. GNU tar keeps members within the folder, and defers links that lead out of it.
 */
export async function unpackLayers(image: LayoutImage, root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const layer of image.layerPaths) {
    const names = (await runTool('tar', ['-tf', layer])).split('\n');
    await removeHidden(names, root);
    const excluded = ['--exclude', `${whiteoutPrefix}*`, '--exclude', 'dev/*', '--exclude', './dev/*'];
    const rights = ['--no-same-owner', '--no-same-permissions', '--mode=u+rwX'];
    await runTool('tar', ['-xf', layer, '-C', root, '--overwrite', ...rights, ...excluded]);
  }
}

async function removeHidden(names: readonly string[], root: string): Promise<void> {
  for (const name of names) {
    const base = name.slice(name.lastIndexOf('/') + 1);
    if (!base.startsWith(whiteoutPrefix) || name.split('/').includes('..')) continue;
    const folder = join(root, dirname(name));
    if (base !== opaqueWhiteout) {
      await rm(join(folder, base.slice(whiteoutPrefix.length)), { recursive: true, force: true });
      continue;
    }
    for (const entry of await readdir(folder).catch(() => [])) {
      await rm(join(folder, entry), { recursive: true, force: true });
    }
  }
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8'));
}
