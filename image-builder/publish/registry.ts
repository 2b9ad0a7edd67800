import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuildError } from '../error.ts';
import { formatReference, type ImageReference, parseReference } from '../registry/reference.ts';
import { accessOptions, dockerName, runSkopeo, type SkopeoOptions } from '../registry/skopeo.ts';
import { billTag, writeBillLayout } from './bill-artifact.ts';

/**
 * What docker-registry says when two pushes of the same bytes meet: one reads what the other is writing. skopeo takes
 * it for final.
 */
const collision = /blob unknown to registry|digest invalid/;
const attemptsMax = 5;

/**
 * Pushes the one image of an OCI layout. Its bytes stay what they are, so its digest in the registry is that of the
 * layout.
 *
 * @param digest of the image manifest in the layout
 * @param target `registry/repository[:tag]`
 * @returns the reference by digest
 * @throws BuildError `registry`, `registry-denied`, `bad-source` for a target that is no reference
 */
export async function pushLayout(
  layoutPath: string,
  digest: string,
  target: ImageReference,
  options: SkopeoOptions = {},
): Promise<string> {
  // The layout is the working directory: skopeo takes what follows a colon in a path for a tag.
  const args = ['--quiet', '--preserve-digests', ...accessOptions(target, options.access ?? {}, 'dest-')];
  const copy = () => runSkopeo('copy', [...args, 'oci:.', dockerName(target)], target, { ...options, cwd: layoutPath });
  for (let attempt = 1; ; attempt++) {
    try {
      await copy();
      break;
    } catch (error) {
      if (attempt === attemptsMax || !(error instanceof Error && collision.test(error.message))) throw error;
    }
  }
  const { registry, repository } = target;
  return formatReference({ registry, repository, digest });
}

/**
 * Pushes the bill of materials of an image, which may be pushed after it.
 *
 * @param subject the image's manifest
 * @param image where the image goes; the bill goes into the same repository
 * @returns the bill's reference by digest
 * @throws BuildError as pushLayout
 */
export async function pushBill(
  bill: object,
  subject: { digest: string; sizeBytes: number },
  image: ImageReference,
  options: SkopeoOptions = {},
): Promise<string> {
  const { registry, repository } = image;
  const layout = await mkdtemp(join(options.temporaryDirectory ?? tmpdir(), 'osv-bill-'));
  try {
    const digest = await writeBillLayout(bill, subject, layout);
    return await pushLayout(layout, digest, { registry, repository, tag: billTag(subject.digest) }, options);
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}

/**
 * The manifest of an image in a registry as it is there, or undefined.
 *
 * @throws BuildError `registry` or `registry-denied` where nobody can tell
 */
export async function readRemoteManifest(
  reference: ImageReference,
  options: SkopeoOptions = {},
): Promise<{ text: string; digest: string } | undefined> {
  const args = ['--raw', ...accessOptions(reference, options.access ?? {}, ''), dockerName(reference)];
  try {
    const text = await runSkopeo('inspect', args, reference, options);
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    if (reference.digest !== undefined && reference.digest !== digest) {
      throw new BuildError('registry', `The registry gives ${digest} when asked for ${formatReference(reference)}`);
    }
    return { text, digest };
  } catch (error) {
    if (error instanceof BuildError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/**
 * The digest of an image, or undefined where the registry does not have it.
 *
 * @throws BuildError as readRemoteManifest
 */
export async function exists(reference: string, options: SkopeoOptions = {}): Promise<string | undefined> {
  return (await readRemoteManifest(parseReference(reference), options))?.digest;
}
