import { defaultLimits } from '../../contents/blob-store.ts';
import { BuildError } from '../../error.ts';
import type { Descriptor } from '../../publish/layout.ts';
import { readRemoteManifest } from '../../publish/registry.ts';
import { formatReference, type ImageReference } from '../../registry/reference.ts';
import type { SkopeoOptions } from '../../registry/skopeo.ts';

export interface RawImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface Platform {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
}

/** Docker's and containerd's layer stores take no more either. */
const layersMax = 128;
const configBytesMax = 4 * 2 ** 20;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * The exact image that a reference means now: its manifest for linux/amd64, by digest.
 *
 * @throws BuildError `not-found`, `unsupported` when there is none for this platform, `bad-source` for odd manifests,
 * `registry`, `registry-denied`
 */
export async function resolveImage(reference: ImageReference, options: SkopeoOptions): Promise<ImageReference> {
  const { registry, repository } = reference;
  let found = await read(reference, options);
  let parsed = parse(found.text, reference);
  if (parsed.manifests !== undefined) {
    const digest = choosePlatform(parsed.manifests, reference);
    const chosen = { registry, repository, digest };
    found = await read(chosen, options);
    parsed = parse(found.text, chosen);
  }
  imageManifest(parsed, reference);
  return { registry, repository, digest: found.digest };
}

async function read(reference: ImageReference, options: SkopeoOptions): Promise<{ text: string; digest: string }> {
  const found = await readRemoteManifest(reference, options);
  if (found) return found;
  throw new BuildError('not-found', `The registry ${reference.registry} has no image ${formatReference(reference)}`);
}

function parse(text: string, reference: ImageReference): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BuildError('bad-source', `The manifest of ${formatReference(reference)} is no JSON`, { cause });
  }
  const manifest = (typeof value === 'object' ? value : null) ?? {};
  // One text that is an index to one reader and an image to another would pass a check as the one and run as the other.
  if ('manifests' in manifest && ('layers' in manifest || 'config' in manifest || 'fsLayers' in manifest)) {
    throw new BuildError('bad-source', `The manifest of ${formatReference(reference)} is ambiguous: index and image`);
  }
  return manifest as Record<string, unknown>;
}

function choosePlatform(manifests: unknown, reference: ImageReference): string {
  const list = (Array.isArray(manifests) ? manifests : []) as { digest?: unknown; platform?: Platform }[];
  const wanted = list
    .filter(({ platform }) => platform?.os === 'linux' && platform.architecture === 'amd64')
    // Without a variant it runs everywhere; v2 and up want newer processors.
    .sort((a, b) => (a.platform?.variant ?? '').localeCompare(b.platform?.variant ?? ''));
  const digest = wanted[0]?.digest;
  if (typeof digest === 'string' && digestPattern.test(digest)) return digest;
  const names = list.flatMap(({ platform }) =>
    platform?.os && platform.os !== 'unknown' ? [`${platform.os}/${platform.architecture}`] : [],
  );
  const has = names.length > 0 ? `it is there for ${[...new Set(names)].join(', ')}` : 'its index names no platform';
  throw new BuildError('unsupported', `${formatReference(reference)} has no image for linux/amd64; ${has}`);
}

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false;
  const { mediaType, digest, size } = value as Partial<Descriptor>;
  return (
    typeof mediaType === 'string' &&
    digestPattern.test(String(digest)) &&
    Number.isSafeInteger(size) &&
    Number(size) >= 0
  );
}

/**
 * A manifest as that of an image, with bounds on what it names.
 *
 * @throws BuildError `bad-source`, `bad-archive`, `unsupported`
 */
export function imageManifest(manifest: Record<string, unknown>, reference: ImageReference): RawImageManifest {
  const name = formatReference(reference);
  const { config, layers } = manifest;
  if (manifest.schemaVersion === 1) {
    throw new BuildError('unsupported', `${name} has a manifest of the old schema 1; push it anew with a current tool`);
  }
  if (!isDescriptor(config) || !Array.isArray(layers) || !layers.every(isDescriptor)) {
    throw new BuildError('bad-source', `${name} is no image: its manifest names no configuration or no layers`);
  }
  if (layers.length > layersMax) throw new BuildError('bad-archive', `${name} has more than ${layersMax} layers`);
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  if (bytes > defaultLimits.bytesMax || config.size > configBytesMax) {
    throw new BuildError('bad-archive', `${name} is larger than ${defaultLimits.bytesMax} bytes`);
  }
  return { config, layers };
}
