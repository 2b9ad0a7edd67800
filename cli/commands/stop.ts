import { LocalError } from '@osv/local/errors.ts';
import type { InstanceRecord } from '@osv/local/instance/record.ts';
import { stopInstance } from '@osv/local/instance/stop.ts';
import { refreshTargets } from '@osv/local/prometheus/service.ts';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { parseSeconds } from './options.ts';

const examples = `
Examples:
  osv stop redis          by app: all its replicas
  osv stop -t 0 redis-0   at once, without asking the program
  osv stop --all
`;

export function define(command: Command, context: Context): void {
  command
    .argument('[names...]', 'instances or apps')
    .option('-a, --all', 'everything that runs')
    .option('-t, --time <TIME>', 'grace period for the program', parseSeconds)
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (names: string[], options: { all?: boolean; time?: number }) => {
      const records = await chooseInstances(context, names, options.all ?? false);
      const running = records.filter((record) => record.state !== 'exited');
      await Promise.all(running.map((record) => stopInstance(context.store, record, options.time)));
      await refreshTargets(context.store);
      for (const record of running) context.stdout.write(`${record.name}\n`);
    });
}

/** @throws LocalError instance-not-found, or invalid-argument when none is named */
export async function chooseInstances(context: Context, names: string[], all: boolean): Promise<InstanceRecord[]> {
  if (all) return context.store.list();
  if (names.length === 0) throw new LocalError('invalid-argument', 'Name an instance or an app, or give --all.');
  const found = new Map<string, InstanceRecord>();
  for (const name of names) for (const record of await context.store.resolve(name)) found.set(record.name, record);
  return [...found.values()];
}
