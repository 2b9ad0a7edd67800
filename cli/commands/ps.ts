import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { instanceListing } from '../output/instance-listing.ts';
import { formatListing, type OutputFormat } from '../output/listing.ts';
import { addOutputOption } from './options.ts';

const examples = `
Examples:
  osv ps               what is running
  osv ps -a -o wide    ended instances too, with images and commands
  osv ps -o json | jq -r '.[].address'
`;

export function define(command: Command, context: Context): void {
  addOutputOption(command)
    .option('-a, --all', 'ended instances too')
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async ({ all, output }: { all?: boolean; output: OutputFormat }) => {
      const records = (await context.store.list()).filter((record) => all || record.state !== 'exited');
      context.stdout.write(await formatListing(instanceListing(new Date()), records, output));
    });
}
