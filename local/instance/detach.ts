import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { LocalError, type LocalErrorCode } from '../errors.ts';
import type { LaunchPlan } from './launch-plan.ts';
import type { InstanceRecord } from './record.ts';
import type { InstanceStore } from './store.ts';
import type { SupervisorReport } from './supervisor-main.ts';

const mainPath = fileURLToPath(new URL('./supervisor-main.ts', import.meta.url));

/**
 * Starts an instance under a supervisor of its own, which outlives this process. Resolves when the machine runs.
 *
 * @throws LocalError what the supervisor could not do
 */
export async function startDetached(store: InstanceStore, record: InstanceRecord, plan: LaunchPlan): Promise<void> {
  const paths = store.paths(record.name);
  await writeFile(paths.launch, JSON.stringify(plan), { mode: 0o600 });
  const child = spawn(process.execPath, [mainPath, record.name], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const report = await firstReport(child.stdio[3] as Readable);
  child.unref();
  if (report?.state === 'running') return;
  const failure = report ?? {
    code: 'machine-failed',
    message: `The supervisor of ${record.name} ended before the machine ran.`,
  };
  throw new LocalError(failure.code as LocalErrorCode, failure.message);
}

async function firstReport(stream: Readable): Promise<SupervisorReport | undefined> {
  for await (const line of createInterface({ input: stream })) {
    stream.destroy();
    return JSON.parse(line);
  }
  return undefined;
}
