import type { InstanceRecord } from '@osv/local/instance/record.ts';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { parseCount } from './options.ts';

const examples = `
Examples:
  osv logs redis              what the program printed, from the first byte
  osv logs -f --tail 20 redis follow it
  osv logs --kernel redis     the kernel's messages
`;

interface LogsOptions {
  follow?: boolean;
  kernel?: boolean;
  tail?: number;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<name>', 'an instance or an app')
    .option('-f, --follow', 'go on until the instance ends')
    .option('--kernel', "the kernel's messages in place of the program's output")
    .option('-n, --tail <LINES>', 'begin with the last lines', parseCount)
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (name: string, options: LogsOptions) => {
      const { showLog } = await import('../logs/show-log.ts');
      const records = await context.store.resolve(name);
      const many = records.length > 1;
      const show = (record: InstanceRecord) => {
        const paths = context.store.paths(record.name);
        return showLog({
          path: options.kernel ? paths.kernelLog : paths.consoleLog,
          prefix: many ? `${record.name}: ` : '',
          tailLines: options.tail,
          output: context.stdout,
          follow: options.follow ? () => isRunning(context, record.name) : undefined,
        });
      };
      if (options.follow) await Promise.all(records.map(show));
      else for (const record of records) await show(record);
    });
}

async function isRunning(context: Context, name: string): Promise<boolean> {
  return (await context.store.list()).some((record) => record.name === name && record.state !== 'exited');
}
