import { type Command, InvalidArgumentError } from 'commander';
import type { ClusterConnection, ClusterOptions } from '../cluster/connect.ts';
import type { Context } from '../context.ts';
import { formatListing, type OutputFormat } from '../output/listing.ts';
import { addClusterOptions } from './cluster-options.ts';
import { addExamples, addOutputOption, parseCount, parseSeconds } from './options.ts';

const examples = `
Examples:
  osv rollout status redis                   wait until every instance runs the spec of now
  osv rollout history redis                  what it was before
  osv rollout history redis --revision 3     one of these in full
  osv rollout undo redis                     back to the revision before
  osv rollout undo redis --to-revision 3
  osv rollout pause redis                    hold the next change; resume lets it go on
  osv rollout restart redis                  every instance again, without a change
`;

interface StatusOptions extends ClusterOptions {
  watch: boolean;
  timeout: number;
}

interface HistoryOptions extends ClusterOptions {
  revision?: number;
  output: OutputFormat;
}

interface UndoOptions extends ClusterOptions {
  toRevision: number;
  dryRun?: boolean;
}

export function define(command: Command, context: Context): void {
  addExamples(command, context, examples).helpCommand(false);
  defineStatus(subcommand(command, context, 'status', 'wait for the end of a rollout and say how far it is'), context);
  defineHistory(subcommand(command, context, 'history', 'list the revisions of an app'), context);
  defineUndo(subcommand(command, context, 'undo', 'go back to an earlier revision'), context);
  defineSimple(command, context, 'pause', 'hold the rollouts of an app', async (connection, name) => {
    const { setPaused } = await import('../cluster/rollout/pause.ts');
    return setPaused(connection, name, true);
  });
  defineSimple(command, context, 'resume', 'let the rollouts of an app go on', async (connection, name) => {
    const { setPaused } = await import('../cluster/rollout/pause.ts');
    return setPaused(connection, name, false);
  });
  defineSimple(command, context, 'restart', 'start every instance again, as a rollout', async (connection, name) => {
    const { restart } = await import('../cluster/rollout/restart.ts');
    return restart(connection, name, { now: new Date(), programName: context.programName });
  });
}

/** A subcommand without options of its own, which says one sentence. */
function defineSimple(
  parent: Command,
  context: Context,
  name: string,
  summary: string,
  carryOut: (connection: ClusterConnection, app: string) => Promise<string>,
): void {
  const command = subcommand(parent, context, name, summary);
  addExamples(command, context, `\nExamples:\n  osv rollout ${name} redis\n`);
  command.action((app: string, options: ClusterOptions) =>
    onApp(context, app, options, async (connection, appName) => {
      context.stdout.write(`${await carryOut(connection, appName)}\n`);
    }),
  );
}

function subcommand(parent: Command, { programName }: Context, name: string, summary: string): Command {
  const command = parent.command(name).summary(summary).argument('<app>', 'name of an OsvApp, such as redis');
  command.description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`);
  command.showHelpAfterError(`Try: ${programName} rollout ${name} --help`);
  return addClusterOptions(command);
}

function defineStatus(command: Command, context: Context): void {
  const text = `
Examples:
  osv rollout status redis
  osv rollout status redis --timeout 5m    exit code 1 when it is stuck, or not over in time
  osv rollout status redis --no-watch      one look
`;
  addExamples(command, context, text)
    .option('-w, --watch', 'wait for the end, which is the default', true)
    .option('--no-watch', "don't wait")
    .option('--timeout <TIME>', 'how long to wait; for ever without it', parseSeconds, 0)
    .action((app: string, { watch, timeout, ...options }: StatusOptions) =>
      onApp(context, app, options, async (connection, name) => {
        const { rolloutStatus } = await import('../cluster/rollout/status.ts');
        const onProgress = (message: string) => context.progress.step(message);
        const said = await rolloutStatus(connection, name, { watch, timeoutSeconds: timeout, onProgress });
        context.progress.clear();
        context.stdout.write(`${said}\n`);
      }),
    );
}

function defineHistory(command: Command, context: Context): void {
  const text = `
Examples:
  osv rollout history redis
  osv rollout history redis --revision 3
  osv rollout history redis -o json | jq '.[] | select(.current).image'
`;
  addOutputOption(addExamples(command, context, text))
    .option('--revision <N>', 'one revision in full', parseCount)
    .action((app: string, { revision: number, output, ...options }: HistoryOptions) =>
      onApp(context, app, options, async (connection, name) => {
        const { getApp } = await import('../cluster/app.ts');
        const { chooseRevision, listRevisions } = await import('../cluster/revisions.ts');
        const { historyListing, revisionText } = await import('../cluster/rollout/history-listing.ts');
        const found = await getApp(connection, name);
        const revisions = await listRevisions(connection, found);
        const shown = number === undefined ? revisions : [chooseRevision(found, revisions, number)];
        const [one] = shown;
        if (number !== undefined && one && output === 'table') context.stdout.write(await revisionText(name, one));
        else context.stdout.write(await formatListing(historyListing(new Date()), shown, output));
      }),
    );
}

function defineUndo(command: Command, context: Context): void {
  const text = `
Examples:
  osv rollout undo redis                     to the last revision that is not the current one
  osv rollout undo redis --to-revision 3
  osv rollout undo redis --dry-run           which fields of the spec would change
`;
  addExamples(command, context, text)
    .option('--to-revision <N>', 'the revision to go back to, as history shows it', parseRevision, 0)
    .option('--dry-run', 'change nothing')
    .action((app: string, { toRevision, dryRun = false, ...options }: UndoOptions) =>
      onApp(context, app, options, async (connection, name) => {
        const { undo } = await import('../cluster/rollout/undo.ts');
        const { programName } = context;
        context.stdout.write(`${await undo(connection, name, { toRevision, dryRun, programName })}\n`);
      }),
    );
}

/** As kubectl has it, 0 is the revision before. */
function parseRevision(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be the number of a revision.');
  return Number(text);
}

async function onApp(
  context: Context,
  app: string,
  options: ClusterOptions,
  use: (connection: ClusterConnection, name: string) => Promise<void>,
): Promise<void> {
  const { withCluster } = await import('../cluster/connect.ts');
  const { parseAppName } = await import('../cluster/app-name.ts');
  const name = parseAppName(app);
  await withCluster(context, options, (connection) => use(connection, name));
}
