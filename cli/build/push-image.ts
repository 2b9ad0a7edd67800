import { parseReference, pushLayout, type RegistryAccess } from '@osv/image-builder';
import { LocalError } from '@osv/local/errors.ts';
import type { ImageTag } from '@osv/local/image/tags.ts';
import type { Context } from '../context.ts';

/** How a user wants registries to be reached. */
export interface AccessOptions {
  authFile?: string;
  certDir?: string;
  insecure?: boolean;
}

export interface PushOptions extends AccessOptions {
  push?: string;
}

export function registryAccess({ authFile, certDir, insecure }: AccessOptions): RegistryAccess {
  return { authFile, certificateDirectory: certDir, insecure };
}

/**
 * Pushes the one image that was built.
 *
 * @returns its reference by digest
 * @throws LocalError invalid-argument; BuildError
 */
export async function pushImage(
  context: Context,
  tags: readonly ImageTag[],
  target: string,
  options: AccessOptions,
): Promise<string> {
  const [tag, ...more] = tags;
  if (!tag || more.length > 0) {
    throw new LocalError('invalid-argument', `${tags.length} images cannot have the one name ${target} in a registry.`);
  }
  const reference = parseReference(target);
  if (reference.digest !== undefined) {
    throw new LocalError('invalid-argument', `${target} names a digest; a push decides about tags only.`);
  }
  context.progress.step(`${tag.name}: pushing to ${reference.registry}`);
  const { ociLayoutPath, manifest } = tag.image;
  const pushed = await pushLayout(ociLayoutPath, manifest.digest, reference, { access: registryAccess(options) });
  context.progress.line(`${tag.name}: pushed ${pushed}`);
  return pushed;
}
