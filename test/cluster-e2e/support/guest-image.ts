import { join } from 'node:path';
import { buildImage, defaultCacheDirectory, publishImage } from '@osv/image-builder';
import type { Cluster } from '../../cluster/cluster.ts';
import { compile } from '../../guest/compile.ts';
import { kernelPath } from '../../guest/paths.ts';

export interface GuestImage {
  /** By digest, in the cluster's registry. */
  readonly reference: string;
  /** Path of the program in it. */
  readonly program: string;
}

/** Builds the image of `programs/guest.c` and pushes it to the cluster's registry. */
export async function pushGuestImage(cluster: Cluster): Promise<GuestImage> {
  const source = join(import.meta.dirname, '..', 'programs', 'guest.c');
  const program = await compile({ source, variant: 'static' });
  const cacheDirectory = defaultCacheDirectory(process.env);
  const image = await buildImage({ kind: 'hostProgram', path: program }, { kernelPath, cacheDirectory });
  const target = `${cluster.registry.host}/test/guest:latest`;
  await publishImage(image, target, { access: { insecure: true } });
  const [command = ''] = image.manifest.entryPoint.command;
  return { reference: `${cluster.registry.host}/test/guest@${image.manifest.digest}`, program: command };
}
