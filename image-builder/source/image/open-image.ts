import { join } from 'node:path';
import { BlobStore } from '../../contents/blob-store.ts';
import { addStandardFiles } from '../../contents/standard-files.ts';
import { parseReference } from '../../registry/reference.ts';
import type { OpenedSource, SourceContext } from '../source.ts';
import { entryPointOf } from './entry-point.ts';
import { unpackImage } from './image.ts';
import { resolveImage } from './manifest.ts';

/**
 * A container image as a source. Its tag is resolved at once, and everything after goes by digest, so that two apps
 * that name one image in two ways share what is built of it.
 *
 * @throws BuildError
 */
export async function openImage(text: string, context: SourceContext): Promise<OpenedSource> {
  const options = { access: context.registry, signal: context.signal, temporaryDirectory: context.workspace };
  const exact = await resolveImage(parseReference(text), options);
  return {
    identity: JSON.stringify(['image', exact.digest]),
    async load() {
      context.onProgress?.(`pulling ${text}`);
      const blobs = await BlobStore.create(join(context.workspace, 'blobs'));
      const { tree, configuration } = await unpackImage(exact, context.workspace, blobs, options);
      const entryPoint = await entryPointOf(configuration, tree);
      addStandardFiles(tree);
      // As container runtimes do.
      if (!tree.lookup(entryPoint.workingDirectory)) tree.makeDirectory(entryPoint.workingDirectory);
      return { tree, packages: [], entryPoint };
    },
  };
}
