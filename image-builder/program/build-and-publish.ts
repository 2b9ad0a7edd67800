import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { type LocalOsvApp, type PublishedImage, parseOsvApps } from '@osv/contracts';
import { buildImage } from '../build-image.ts';
import { fileDigest } from '../contents/tree-digest.ts';
import { BuildError } from '../error.ts';
import { imageKey, isLocalSource } from '../image-key.ts';
import { publishedImage, publishImage } from '../publish/published-image.ts';
import { formatReference, type ImageReference, parseReference } from '../registry/reference.ts';
import type { RegistryAccess } from '../registry/skopeo.ts';
import { sourceOfApp } from '../source/app-source.ts';
import type { Source } from '../source/source.ts';
import type { BuilderOptions } from './options.ts';

export interface BuilderContext {
  readonly cacheDirectory: string;
  readonly stdin: NodeJS.ReadableStream;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal;
}

async function readApp(path: string, stdin: NodeJS.ReadableStream): Promise<{ app: LocalOsvApp; folder: string }> {
  const content =
    path === '-'
      ? await text(stdin)
      : await readFile(path, 'utf8').catch((cause: Error) => {
          throw new BuildError('not-found', `The app cannot be read: ${cause.message}`, { cause });
        });
  const [app, ...more] = parseOsvApps(content, path === '-' ? 'standard input' : path);
  if (!app || more.length > 0) throw new BuildError('usage', `${path} holds ${more.length + 1} apps; give one`);
  return { app, folder: path === '-' ? '.' : dirname(path) };
}

async function digestOfKernel(path: string): Promise<string> {
  const sha256 = await fileDigest(path).catch((cause: Error) => {
    throw new BuildError('not-found', `The kernel cannot be read: ${cause.message}`, { cause });
  });
  return `sha256:${sha256}`;
}

/** Plain HTTP is allowed towards the registry that it was asked for, and no other. */
function accessFor(source: Source, target: ImageReference, access: RegistryAccess): RegistryAccess {
  const same = source.kind === 'image' && parseReference(source.reference).registry === target.registry;
  return same ? access : { ...access, insecure: false };
}

/**
 * Finds the image of an app in the registry, or builds and pushes it.
 *
 * @throws BuildError, ContractError, and errors of the file system
 */
export async function buildAndPublish(options: BuilderOptions, context: BuilderContext): Promise<PublishedImage> {
  const { onProgress, signal, cacheDirectory } = context;
  const { authFile, certificateDirectory, insecure } = options;
  const access = { authFile, certificateDirectory, insecure };
  const { app, folder } = await readApp(options.app, context.stdin);
  const source = sourceOfApp(app, folder);
  const local = isLocalSource(source);
  if (local && !options.localFiles) {
    throw new BuildError('bad-source', 'spec.source names a file of this machine; give an http or https URL');
  }
  const { registry, repository } = parseReference(options.push);
  const target = (tag: string) => ({ registry, repository, tag });
  const key = local ? undefined : imageKey(source, await digestOfKernel(options.kernel));
  if (key !== undefined) {
    const present = await publishedImage(formatReference(target(key)), { access, signal });
    if (present) return present;
  }
  const image = await buildImage(source, {
    kernelPath: options.kernel,
    cacheDirectory,
    registry: accessFor(source, target(''), access),
    onProgress,
    signal,
  });
  signal.throwIfAborted();
  onProgress(`pushing to ${registry}`);
  // What lies on one machine has no key that others could compute; its digest names it.
  const tag = key ?? image.manifest.digest.replace(':', '-');
  return publishImage(image, formatReference(target(tag)), { access, signal });
}
