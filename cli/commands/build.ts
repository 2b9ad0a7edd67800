import { basename } from 'node:path';
import type { Command } from 'commander';
import type { PushOptions } from '../build/push-image.ts';
import type { Context } from '../context.ts';
import { formatListing, type OutputFormat } from '../output/listing.ts';
import { imageListing } from './images.ts';
import { addOutputOption, collect } from './options.ts';

const examples = `
Examples:
  osv build examples/redis.yaml          the image of each app of the file
  osv build -t cache --package redis-server
  osv build -t site ./site               a folder, an archive or a program
  osv build --push registry.example/apps/site:1 ./site
`;

interface BuildOptions extends PushOptions {
  tag?: string;
  package?: string[];
  output: OutputFormat;
}

export function define(command: Command, context: Context): void {
  addOutputOption(command)
    .argument('[source]', 'an OsvApp file, a folder, an archive or a program')
    .option('-t, --tag <NAME>', 'name of the image')
    .option('--package <NAME>', 'a Debian package, with what it depends on', collect)
    .option('--push <REFERENCE>', 'push the image to a registry')
    .option('--auth-file <FILE>', 'credentials for registries; those of skopeo and docker login without it')
    .option('--cert-dir <FOLDER>', 'certificates (*.crt) of authorities of registries')
    .option('--insecure', 'let registries have plain HTTP and unknown certificates')
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (source: string | undefined, options: BuildOptions) => {
      const { buildImages } = await import('../build/build-images.ts');
      const { pushImage } = await import('../build/push-image.ts');
      const tags = await buildImages(context, source, options);
      const pushed = options.push === undefined ? undefined : await pushImage(context, tags, options.push, options);
      context.progress.clear();
      context.stdout.write(await formatListing(imageListing(new Date(), pushed), tags, options.output));
    });
}

/** A tag for a file that has none: its base name, as far as a tag may hold it. */
export function tagOf(path: string): string {
  const plain = basename(path)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/g, '-');
  return /^[a-z0-9]/.test(plain) ? plain : `image${plain}`;
}
