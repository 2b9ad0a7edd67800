/**
 * The process of a detached instance: `node supervisor-main.ts NAME`, with the state folders in the environment as for
 * the command. On descriptor 3 it reports, as JSON lines, how far the start has come; the reader may go away.
 */
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { LocalError } from '../errors.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { stateFolders } from './paths.ts';
import { InstanceStore } from './store.ts';
import { Supervisor } from './supervisor.ts';

export type SupervisorReport = { state: 'running' } | { state: 'failed'; code: string; message: string };

const reportDescriptor = 3;

async function main(name: string): Promise<void> {
  const report = createWriteStream('', { fd: reportDescriptor });
  report.on('error', () => {});
  const say = (message: SupervisorReport) =>
    new Promise<void>((done) => report.end(`${JSON.stringify(message)}\n`, () => done()));
  const store = new InstanceStore(stateFolders(process.env));
  const paths = store.paths(name);
  const log = pino(
    { base: { instance: name } },
    pino.destination({ dest: paths.supervisorLog, sync: true, mode: 0o600 }),
  );
  const record = await store.read(name);
  if (!record) throw new Error(`no record of ${name}`);
  const plan: LaunchPlan = JSON.parse(await readFile(paths.launch, 'utf8'));
  try {
    const supervisor = await Supervisor.start(store, record, plan, {}, log);
    obeySignals(supervisor, paths.stopRequest, record.gracePeriodSeconds);
    await say({ state: 'running' });
    await supervisor.ended;
  } catch (error) {
    log.error(error);
    const code = error instanceof LocalError ? error.code : 'machine-failed';
    await say({ state: 'failed', code, message: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  }
}

/** The first SIGTERM stops in order, with the grace period of the request beside it if there is one; the next at once. */
function obeySignals(supervisor: Supervisor, requestPath: string, gracePeriodSeconds: number): void {
  let asked = false;
  process.on('SIGTERM', async () => {
    if (asked) return supervisor.kill();
    asked = true;
    const request = await readFile(requestPath, 'utf8').then(JSON.parse, () => ({}));
    await supervisor.stop(request.graceSeconds ?? gracePeriodSeconds);
  });
  // A terminal that goes away, or Ctrl-C in it, is no reason for a detached instance to end.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
}

await main(process.argv[2] ?? '');
