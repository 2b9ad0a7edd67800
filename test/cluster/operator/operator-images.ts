import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDirectory, parseReference, pushLayout } from '@osv/image-builder';
import { findKernel } from '@osv/local';
import { composeImage } from '../../../image-builder/container/compose.ts';
import { recipes } from '../../../image-builder/container/recipes.ts';
import type { Cluster } from '../cluster.ts';

/** Composes the images of operator and builder from this checkout and pushes them where the chart's values say. */
export async function pushOperatorImages(cluster: Cluster, progress: (line: string) => void): Promise<void> {
  const kernelPath = await findKernel(process.env);
  const folder = join(cluster.folder, 'operator-images');
  for (const recipe of recipes) {
    const image = await composeImage(recipe, folder, {
      root: join(import.meta.dirname, '../../..'),
      kernelPath,
      aptDirectory: join(defaultCacheDirectory(process.env), 'apt'),
      // They are read from this machine, and only once.
      compressionLevel: 1,
      onProgress: (message) => progress(`${recipe.name}: ${message}`),
    });
    progress(`${recipe.name}: pushing`);
    const target = parseReference(`${operatorRepository(cluster)}/${recipe.name}:${imageTag}`);
    await pushLayout(image.layoutPath, image.digest, target, { access: { insecure: true } });
  }
  await rm(folder, { recursive: true });
}

/** Of the images that come from this checkout, so that nobody takes them for a release. */
export const imageTag = 'checkout';

export function operatorRepository({ registry }: Pick<Cluster, 'registry'>): string {
  return `${registry.host}/osv`;
}
