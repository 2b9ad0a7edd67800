import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { formatListing, type OutputFormat } from '../output/listing.ts';
import { imageListing } from './images.ts';
import { addOutputOption, collect } from './options.ts';

const examples = `
Examples:
  osv build examples/redis.yaml          the image of each app of the file
  osv build -t cache --package redis-server
  osv build -t site ./site               a folder, an archive or a program
`;

interface BuildOptions {
  tag?: string;
  package?: string[];
  output: OutputFormat;
}

export function define(command: Command, context: Context): void {
  addOutputOption(command)
    .argument('[source]', 'an OsvApp file, a folder, an archive or a program')
    .option('-t, --tag <NAME>', 'name of the image')
    .option('--package <NAME>', 'a Debian package, with what it depends on', collect)
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (source: string | undefined, options: BuildOptions) => {
      const { buildImages } = await import('../build/build-images.ts');
      const tags = await buildImages(context, source, options);
      context.progress.clear();
      context.stdout.write(await formatListing(imageListing(new Date()), tags, options.output));
    });
}

/** A tag for a file that has none: its base name, as far as a tag may hold it. */
export function tagOf(path: string): string {
  const plain = basename(path)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/g, '-');
  return /^[a-z0-9]/.test(plain) ? plain : `image${plain}`;
}
