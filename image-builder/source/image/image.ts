import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '../../contents/blob-store.ts';
import { FileTree } from '../../contents/file-tree.ts';
import { BuildError } from '../../error.ts';
import type { Descriptor } from '../../publish/layout.ts';
import { formatReference, type ImageReference } from '../../registry/reference.ts';
import { accessOptions, dockerName, runSkopeo, type SkopeoOptions } from '../../registry/skopeo.ts';
import { applyLayer, type Layer } from './apply-layer.ts';
import type { RunConfiguration } from './entry-point.ts';
import { imageManifest } from './manifest.ts';

interface ImageConfiguration {
  readonly architecture?: string;
  readonly os?: string;
  readonly config?: RunConfiguration | null;
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
}

const compressions: Record<string, Layer['compression']> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
};

/**
 * Pulls an image and puts its layers together.
 *
 * @param reference by digest, from resolveImage
 * @param workspace an empty folder for the layers
 * @throws BuildError
 */
export async function unpackImage(
  reference: ImageReference,
  workspace: string,
  blobs: BlobStore,
  options: SkopeoOptions,
): Promise<{ tree: FileTree; configuration: RunConfiguration }> {
  const layout = join(workspace, 'layout');
  await mkdir(layout);
  const args = [
    '--quiet',
    '--dest-oci-accept-uncompressed-layers',
    ...accessOptions(reference, options.access ?? {}, 'src-'),
  ];
  const temporaryDirectory = options.temporaryDirectory ?? workspace;
  await runSkopeo('copy', [...args, dockerName(reference), 'oci:.'], reference, {
    ...options,
    cwd: layout,
    temporaryDirectory,
  });
  const { configuration, layers } = await readLayout(layout, reference);
  const tree = new FileTree();
  let packed = 0;
  const count = (bytes: number) => {
    packed += bytes;
  };
  for (const layer of layers) {
    options.signal?.throwIfAborted();
    await applyLayer(layer, tree, blobs, count, () => packed);
  }
  await rm(layout, { recursive: true });
  return { tree, configuration };
}

/** The layers of the one image of a layout that skopeo has just written and verified. */
async function readLayout(
  layout: string,
  reference: ImageReference,
): Promise<{ configuration: RunConfiguration; layers: Layer[] }> {
  const name = formatReference(reference);
  const blob = ({ digest }: Pick<Descriptor, 'digest'>) => join(layout, 'blobs', digest.replace(':', '/'));
  const json = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
  const index = (await json(join(layout, 'index.json'))) as { manifests: [Descriptor] };
  const manifest = imageManifest(await json(blob(index.manifests[0])), reference);
  const configuration = (await json(blob(manifest.config))) as ImageConfiguration;
  if (configuration.architecture !== 'amd64' || configuration.os !== 'linux') {
    const platform = `${configuration.os}/${configuration.architecture}`;
    throw new BuildError('unsupported', `${name} is an image for ${platform}; OS^v runs linux/amd64`);
  }
  const diffIds = configuration.rootfs?.diff_ids ?? [];
  if (diffIds.length !== manifest.layers.length) {
    throw new BuildError('bad-source', `${name} has ${manifest.layers.length} layers, but names ${diffIds.length}`);
  }
  const layers = manifest.layers.map((layer, index) => {
    const compression = compressions[layer.mediaType];
    if (!compression) throw new BuildError('unsupported', `${name} has a layer of the unknown type ${layer.mediaType}`);
    return { path: blob(layer), compression, diffId: diffIds[index] ?? '' };
  });
  return { configuration: configuration.config ?? {}, layers };
}
