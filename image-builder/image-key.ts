import { createHash } from 'node:crypto';
import { builderVersion } from './builder-version.ts';
import { BuildError } from './error.ts';
import type { Source } from './source/source.ts';

/** Whether a source is a place on this machine, whose contents a name says nothing about. */
export function isLocalSource(source: Source): boolean {
  return source.kind === 'directory' || source.kind === 'archive' || source.kind === 'hostProgram';
}

/**
 * The key of an image before anything is looked at or built: apps with equal sources, the same kernel and the same
 * builder have the same key, and it is the image's tag in a registry. What a name stood for when the image was first
 * built (packages, a tag, a URL without a digest) stays until the source, the kernel or the builder changes.
 *
 * @param kernelDigest sha256:… of the kernel's ELF file
 * @returns 64 hexadecimal digits
 * @throws BuildError `unsupported` for a source on this machine
 */
export function imageKey(source: Source, kernelDigest: string): string {
  if (isLocalSource(source)) {
    throw new BuildError('unsupported', 'A source on one machine has no name that others could know it by');
  }
  // The bytes of an archive are known by its digest, wherever it comes from.
  const named =
    source.kind === 'remoteArchive' && source.sha256 !== undefined
      ? { kind: source.kind, sha256: source.sha256 }
      : source;
  const fields = Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([builderVersion(), kernelDigest, fields]))
    .digest('hex');
}
