import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublishedImage } from '@osv/contracts';
import type { BuiltImage } from '../cache/image-cache.ts';
import { imageCompatibility } from '../check/image-compatibility.ts';
import { formatReference, type ImageReference, parseReference } from '../registry/reference.ts';
import { accessOptions, dockerName, runSkopeo, type SkopeoOptions } from '../registry/skopeo.ts';
import { imageManifest } from '../source/image/manifest.ts';
import { billTag } from './bill-artifact.ts';
import { type ImageLabel, readImageLabel } from './image-label.ts';
import { exists, pushBill, pushLayout, readRemoteManifest } from './registry.ts';

/**
 * Pushes a built image and its bill of materials. The bill goes first: an image that is there has one.
 *
 * @param target `registry/repository:tag`
 * @throws BuildError as pushLayout
 */
export async function publishImage(
  image: BuiltImage,
  target: string,
  options: SkopeoOptions = {},
): Promise<PublishedImage> {
  const { manifest, ociLayoutPath } = image;
  const reference = parseReference(target);
  const text = await readFile(join(ociLayoutPath, 'blobs', manifest.digest.replace(':', '/')), 'utf8');
  const subject = { digest: manifest.digest, sizeBytes: Buffer.byteLength(text) };
  const sbom = await pushBill(manifest.sbom, subject, reference, options);
  await pushLayout(ociLayoutPath, manifest.digest, reference, options);
  return describe(reference, { text, digest: manifest.digest }, manifest, sbom);
}

/**
 * An image of ours that a registry has, as publishImage described it, or undefined.
 *
 * @param target `registry/repository:tag`, or by digest
 * @throws BuildError `registry` or `registry-denied` where nobody can tell
 */
export async function publishedImage(target: string, options: SkopeoOptions = {}): Promise<PublishedImage | undefined> {
  const reference = parseReference(target);
  const found = await readRemoteManifest(reference, options);
  if (!found) return undefined;
  const { registry, repository } = reference;
  const exact = { registry, repository, digest: found.digest };
  const args = ['--config', '--raw', ...accessOptions(exact, options.access ?? {}, ''), dockerName(exact)];
  const configuration = JSON.parse(await runSkopeo('inspect', args, exact, options)) as {
    config?: { Labels?: Record<string, string> };
  };
  const label = readImageLabel(configuration.config?.Labels);
  const bill = await exists(formatReference({ registry, repository, tag: billTag(found.digest) }), options);
  if (!label || bill === undefined) return undefined;
  return describe(exact, found, label, formatReference({ registry, repository, digest: bill }));
}

async function describe(
  { registry, repository }: ImageReference,
  { text, digest }: { text: string; digest: string },
  label: ImageLabel,
  sbom: string,
): Promise<PublishedImage> {
  const exact = { registry, repository, digest };
  const { config, layers } = imageManifest(JSON.parse(text), exact);
  return {
    reference: formatReference(exact),
    digest,
    sizeBytes: [config, ...layers].reduce((sum, { size }) => sum + size, 0),
    kernelVersion: label.kernel.version,
    entryPoint: label.entryPoint,
    sbom,
    compatibility: await imageCompatibility(label),
  };
}
