import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { OutputFormat } from '../output/listing.ts';
import { addMachineOptions, addOutputOption, type MachineOptions, parseCount, parseSeconds } from './options.ts';

export interface UpOptions extends MachineOptions {
  replicas?: number;
  wait: boolean;
  detach?: boolean;
  timeout: number;
  prometheus?: boolean;
  output: OutputFormat;
}

const examples = `
Examples:
  osv up examples/redis.yaml                     start it, wait until it answers, print where
  osv up --prometheus examples/redis.yaml        with a Prometheus that reads its metrics
  osv up -p 6379:6379 -m 256Mi examples/redis.yaml
  osv up -d web.yaml cache.yaml                  don't wait
`;

const readySecondsDefault = 120;

export function define(command: Command, context: Context): void {
  addOutputOption(addMachineOptions(command))
    .argument('<files...>', 'files of OsvApps, and of the ConfigMaps and Secrets that they name; - is standard input')
    .option('--replicas <N>', 'instances of each app, over what the file says', parseCount)
    .option('-d, --detach', "don't wait until the apps are ready")
    .option('--no-wait', 'the same as --detach')
    .option('--timeout <TIME>', 'how long to wait', parseSeconds, readySecondsDefault)
    .option('--prometheus', 'start Prometheus for all instances')
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (files: string[], options: UpOptions) => {
      const { up } = await import('../up/up.ts');
      await up(context, files, options);
    });
}
