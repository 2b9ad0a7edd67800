import { buildImage, type Source, sourceOfApp } from '@osv/image-builder';
import { LocalError } from '@osv/local/errors.ts';
import { findKernel } from '@osv/local/image/kernel-path.ts';
import { type ImageTag, ImageTags } from '@osv/local/image/tags.ts';
import { tagOf } from '../commands/build.ts';
import type { Context } from '../context.ts';
import { resolveTarget } from '../run/target.ts';
import { readAppFiles } from '../up/app-files.ts';
import { type AccessOptions, registryAccess } from './push-image.ts';

/**
 * Builds what a command line names and tags it.
 *
 * @throws LocalError invalid-argument; BuildError
 */
export async function buildImages(
  context: Context,
  source: string | undefined,
  options: { tag?: string; package?: string[] } & AccessOptions,
): Promise<ImageTag[]> {
  const kernelPath = await findKernel(context.environment);
  const cacheDirectory = context.store.folders.cache;
  const tags = new ImageTags(cacheDirectory);
  const built: ImageTag[] = [];
  const registry = registryAccess(options);
  for (const { name, from } of await sourcesOf(source, options, tags)) {
    context.progress.step(`${name}: preparing the image`);
    const onProgress = (message: string) => context.progress.step(`${name}: ${message}`);
    const image = await buildImage(from, { kernelPath, cacheDirectory, registry, onProgress });
    const tag = { name, createdAt: new Date().toISOString(), kernelPath, image };
    await tags.put(tag);
    built.push(tag);
  }
  return built;
}

async function sourcesOf(
  source: string | undefined,
  options: { tag?: string; package?: string[] },
  tags: ImageTags,
): Promise<{ name: string; from: Source }[]> {
  const names = options.package ?? [];
  const [firstPackage] = names;
  if (firstPackage !== undefined) {
    if (source !== undefined) throw new LocalError('invalid-argument', 'Give either --package or a source, not both.');
    return [{ name: options.tag ?? firstPackage, from: { kind: 'packages', names } }];
  }
  if (source === undefined)
    throw new LocalError('invalid-argument', 'Name what to build: a file, a folder or --package.');
  if (/\.(ya?ml|json)$/.test(source) || source === '-') {
    const { apps } = await readAppFiles([source]);
    if (options.tag !== undefined && apps.length > 1) {
      throw new LocalError(
        'invalid-argument',
        `${source} has ${apps.length} apps, which cannot share the tag ${options.tag}.`,
      );
    }
    return apps.map(({ app, folder }) => ({ name: options.tag ?? app.metadata.name, from: sourceOfApp(app, folder) }));
  }
  const target = await resolveTarget(source.includes('/') ? source : `./${source}`, tags);
  if (target.kind === 'image') throw new LocalError('invalid-argument', `${source} is built already.`);
  return [{ name: options.tag ?? tagOf(source), from: target.source }];
}
