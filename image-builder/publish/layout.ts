import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A content descriptor (OCI image-spec v1.1, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/**
 * Begins an OCI image layout (image-spec v1.1, image-layout.md).
 *
 * @returns the folder of its blobs, which are named by their sha256 in hexadecimal
 */
export async function beginLayout(directory: string): Promise<string> {
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return blobs;
}

export async function putJson(blobs: string, value: object, mediaType: string): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(blobs, sha256), bytes);
  return { mediaType, digest: `sha256:${sha256}`, size: bytes.length };
}

/** Ends a layout with the one manifest that it is about. */
export async function endLayout(directory: string, manifest: Descriptor & { platform?: object }): Promise<void> {
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [manifest] };
  await writeFile(join(directory, 'index.json'), JSON.stringify(index));
}

/** A layer in a layout. */
export interface WrittenLayer {
  readonly descriptor: Descriptor;
  /** Digest of the layer without compression. */
  readonly diffId: string;
  /** For people who read the image's history. */
  readonly title: string;
}

/** An image's configuration, but for what follows from the layers (image-spec v1.1, config.md). */
export interface ImageConfiguration {
  readonly architecture: 'amd64' | 'arm64';
  readonly config: object;
}

/**
 * Writes configuration and manifest of an image whose layers are in the layout, and ends the layout. It holds no time:
 * equal layers and configurations have equal digests.
 *
 * @returns the descriptor of the image manifest
 */
export async function endImageLayout(
  directory: string,
  blobs: string,
  layers: readonly WrittenLayer[],
  { architecture, config }: ImageConfiguration,
): Promise<Descriptor> {
  const created = '1970-01-01T00:00:00Z';
  const platform = { architecture, os: 'linux' };
  const configuration = {
    ...platform,
    created,
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ title }) => ({ created, created_by: `osv: ${title}` })),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: await putJson(blobs, configuration, 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map(({ descriptor }) => descriptor),
  };
  const descriptor = await putJson(blobs, manifest, manifestType);
  await endLayout(directory, { ...descriptor, platform });
  return descriptor;
}
