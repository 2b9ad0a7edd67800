import { type ImageTag, ImageTags } from '@osv/local/image/tags.ts';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { formatAge, formatBytes } from '../output/age.ts';
import { formatListing, type Listing, type OutputFormat } from '../output/listing.ts';
import { addOutputOption } from './options.ts';

const examples = `
Examples:
  osv images
  osv images -o json
`;

const digestShown = 'sha256:'.length + 12;

export function define(command: Command, context: Context): void {
  addOutputOption(command)
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async ({ output }: { output: OutputFormat }) => {
      const tags = await new ImageTags(context.store.folders.cache).list();
      context.stdout.write(await formatListing(imageListing(new Date()), tags, output));
    });
}

/** @param pushed the reference by digest under which a registry has the image */
export function imageListing(now: Date, pushed?: string): Listing<ImageTag> {
  return {
    name: (tag) => tag.name,
    data: (tag) => ({
      name: tag.name,
      digest: tag.image.manifest.digest,
      rootBytes: tag.image.manifest.root.sizeBytes,
      kernelBytes: tag.image.manifest.kernel.sizeBytes,
      kernelVersion: tag.image.manifest.kernel.version,
      command: tag.image.manifest.entryPoint.command,
      rootImagePath: tag.image.rootImagePath,
      ociLayoutPath: tag.image.ociLayoutPath,
      createdAt: tag.createdAt,
      ...(pushed !== undefined && { pushed }),
    }),
    columns: [
      { title: 'NAME', value: (tag) => tag.name },
      { title: 'DIGEST', value: (tag) => tag.image.manifest.digest.slice(0, digestShown) },
      { title: 'SIZE', value: (tag) => formatBytes(tag.image.manifest.root.sizeBytes) },
      { title: 'KERNEL', value: (tag) => tag.image.manifest.kernel.version },
      { title: 'COMMAND', value: (tag) => tag.image.manifest.entryPoint.command.join(' ') || '-', wide: true },
      { title: 'OCI LAYOUT', value: (tag) => tag.image.ociLayoutPath, wide: true },
      { title: 'AGE', value: (tag) => formatAge(new Date(tag.createdAt), now) },
    ],
  };
}
