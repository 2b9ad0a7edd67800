import type { OsvApp } from '../kubernetes/index.ts';
import { canonicalDigest } from '../osv-app/revision.ts';
import type { ImageBuilder } from './image-builder.ts';

/** By the spec: objects of caches are frozen, and every pass and both sides of an index ask again. */
const digests = new WeakMap<OsvApp['spec'], string>();

/** Digest of what an app's image is made from. */
export function sourceDigest({ spec }: OsvApp): string {
  const known = digests.get(spec);
  if (known !== undefined) return known;
  const digest = canonicalDigest([spec.source, spec.runtime ?? 'none']).slice(0, 32);
  if (Object.isFrozen(spec)) digests.set(spec, digest);
  return digest;
}

/**
 * The image that an app is to have. An app keeps the image that it has while its source is the same, so that a new
 * operator, which brings a new kernel, does not restart every app of a cluster; a change of the source brings both.
 */
export function imageOf(app: OsvApp, images: ImageBuilder): { key: string; sourceDigest: string } {
  const digest = sourceDigest(app);
  const kept = app.status?.image;
  if (kept?.key && kept.sourceDigest === digest && images.state(kept.key).state === 'built') {
    return { key: kept.key, sourceDigest: digest };
  }
  return { key: newKey(digest, images), sourceDigest: digest };
}

/** Every key that an app may wait for: what an index of apps by image is made from. */
export function possibleKeys(app: OsvApp, images: ImageBuilder): string[] {
  const kept = app.status?.image?.key;
  const key = newKey(sourceDigest(app), images);
  return kept && kept !== key ? [key, kept] : [key];
}

function newKey(digest: string, images: ImageBuilder): string {
  return canonicalDigest([digest, images.identity]).slice(0, 32);
}
