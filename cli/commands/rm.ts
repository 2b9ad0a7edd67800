import { LocalError } from '@osv/local/errors.ts';
import { stopInstance } from '@osv/local/instance/stop.ts';
import { refreshTargets } from '@osv/local/prometheus/service.ts';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { chooseInstances } from './stop.ts';

const examples = `
Examples:
  osv rm redis        ended instances of an app, with their logs and volumes
  osv rm -f redis-0   even if it runs
  osv rm --all        everything that has ended
`;

export function define(command: Command, context: Context): void {
  command
    .argument('[names...]', 'instances or apps')
    .option('-a, --all', 'everything that has ended; with -f everything')
    .option('-f, --force', 'switch off what runs, without a grace period')
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (names: string[], { all = false, force = false }: { all?: boolean; force?: boolean }) => {
      const chosen = await chooseInstances(context, names, all);
      const running = chosen.filter((record) => record.state !== 'exited');
      const first = running[0];
      if (first && !force && !all) {
        throw new LocalError('instance-running', `${first.name} is running; stop it first, or remove it with -f.`);
      }
      const going = force ? chosen : chosen.filter((record) => record.state === 'exited');
      for (const record of going) {
        if (record.state !== 'exited') await stopInstance(context.store, record, 0);
        await context.store.removeVolumes(record);
        await context.store.remove(record);
        context.stdout.write(`${record.name}\n`);
      }
      await refreshTargets(context.store);
    });
}
